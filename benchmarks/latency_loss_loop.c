/* The loop of kernels.run_loss in C, without the record of latencies in batches: what a compiled language can do.
 * Same model, same draws per request, one histogram. Prints simulated requests a second of processor time, then what
 * was simulated.  loop REQUESTS RATE WARM_S COLD_S IDLE_S */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double k[256], w[256], f[256];
static const double R = 7.69711747013104972, V = 3.949659822581572e-3;

static void ziggurat(void) {
    const double scale = 9007199254740992.0;
    double d = R, t = R, q = V / exp(-R);
    k[0] = d / q * scale; k[1] = 0; w[0] = q / scale; w[255] = d / scale; f[0] = 1; f[255] = exp(-d);
    for (int i = 254; i > 0; i--) {
        d = -log(V / d + exp(-d));
        k[i + 1] = d / t * scale; t = d; f[i] = exp(-d); w[i] = d / scale;
    }
}

static inline uint64_t word(uint64_t *s) {
    uint64_t z = (*s += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static inline double uniform(uint64_t *s) { return ((double)(int64_t)(word(s) >> 11) + 0.5) * 0x1p-53; }

static inline double exponential(uint64_t *s) {
    for (;;) {
        uint64_t z = word(s);
        int layer = z & 255;
        double j = (double)(int64_t)(z >> 11), x = j * w[layer];
        if (j < k[layer]) return x;
        if (layer == 0) return R - log(uniform(s));
        if (f[layer] + uniform(s) * (f[layer - 1] - f[layer]) < exp(-x)) return x;
    }
}

enum { ROOM = 64, BUCKETS = 38 << 9 };
static int64_t histogram[BUCKETS];

int main(int argc, char **argv) {
    if (argc < 6) return 2;
    long n = atol(argv[1]), cold = 0;
    double rate = atof(argv[2]), warm = atof(argv[3]), start = atof(argv[4]) - warm, idle = atof(argv[5]);
    double until[ROOM], born[ROOM], t = 0, next_expiry = INFINITY, active = 0, billed = 0, last = 0, lives = 0;
    uint64_t a = 1, b = 2, c = 3;
    int live = 0;
    ziggurat();
    clock_t began = clock();
    for (long i = 0; i < n; i++) {
        t += exponential(&a) / rate;
        double latency = warm * exponential(&b);
        if (t >= next_expiry) {
            int kept = 0;
            next_expiry = INFINITY;
            for (int m = 0; m < live; m++) {
                double ends = until[m] + idle;
                if (ends <= t) { lives += ends - born[m]; continue; }
                until[kept] = until[m]; born[kept++] = born[m];
                next_expiry = fmin(next_expiry, ends);
            }
            live = kept;
        }
        int place = -1, older = live > 4 ? live - 4 : 0;
        for (int m = older; m < live; m++) place = until[m] <= t + 1e-9 ? m : place;
        if (place < 0)
            for (int m = 0; m < older; m++) place = until[m] <= t + 1e-9 ? m : place;
        if (place < 0) {
            if (live == ROOM) return 1;
            latency += start * exponential(&c);
            place = live++; born[place] = t; cold++;
            next_expiry = fmin(next_expiry, t + latency + idle);
        }
        until[place] = t + latency;
        active += latency;
        billed += ceil(latency * 10 - 1e-6) / 10;
        last = fmax(last, until[place]);
        uint64_t bits;
        memcpy(&bits, &latency, 8);
        int64_t bucket = (int64_t)(bits >> 43) - ((1023 - 17) << 9);
        histogram[bucket < 0 ? 0 : bucket >= BUCKETS ? BUCKETS - 1 : bucket]++;
    }
    double took = (double)(clock() - began) / CLOCKS_PER_SEC;
    printf("%.0f cold %.6f running %.4f billed %.0f lives %.0f %ld\n", n / took, (double)cold / n, active / last, billed, lives, (long)histogram[9000]);
    return 0;
}
