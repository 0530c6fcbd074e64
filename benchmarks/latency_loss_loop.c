/* The loop of kernels/loss.py in C, without the record of latencies in batches: what a compiled language can do.
 * Same model, same way to place a request (the newest six instances in registers), one histogram. Prints simulated
 * requests a second of processor time, then what was simulated.  loop REQUESTS RATE WARM_S COLD_S IDLE_S */
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

enum { CHUNK = 512, ROOM = 64, NEWEST = 6, BUCKETS = 38 << 9 };
static int64_t histogram[BUCKETS];
static double until[NEWEST + ROOM], born[ROOM], arrive[CHUNK], took[CHUNK];
static double next_expiry = INFINITY, lives = 0;
static int live = 0;

static void end_expired(double t, double idle) {
    int kept = 0;
    next_expiry = INFINITY;
    for (int m = 0; m < live; m++) {
        double ends = until[NEWEST + m] + idle;
        if (ends <= t) { lives += ends - born[m]; continue; }
        until[NEWEST + kept] = until[NEWEST + m]; born[kept++] = born[m];
        next_expiry = fmin(next_expiry, ends);
    }
    live = kept;
}

static int older_idle(double t) {
    int place = -1;
    for (int m = NEWEST; m < live; m++) place = until[m] <= t ? m : place;
    return place;
}

#define LOAD n0 = until[live + 5], n1 = until[live + 4], n2 = until[live + 3], n3 = until[live + 2], n4 = until[live + 1], n5 = until[live]
#define KEEP until[live + 5] = n0, until[live + 4] = n1, until[live + 3] = n2, until[live + 2] = n3, until[live + 1] = n4, until[live] = n5

int main(int argc, char **argv) {
    if (argc < 6) return 2;
    long n = atol(argv[1]), cold = 0;
    double rate = atof(argv[2]), warm = atof(argv[3]), start = atof(argv[4]) - warm, idle = atof(argv[5]);
    double t = 0, active = 0, tenths = 0, last = 0, least = INFINITY, most = 0, mean_gap = 1 / rate;
    uint64_t a = 1, b = 2, c = 3;
    for (int i = 0; i < NEWEST; i++) until[i] = INFINITY;
    ziggurat();
    clock_t began = clock();
    for (long done = 0; done < n; done += CHUNK) {
        int many = n - done < CHUNK ? (int)(n - done) : CHUNK;
        for (int i = 0; i < many; i++) arrive[i] = t += exponential(&a) * mean_gap;
        for (int i = 0; i < many; i++) took[i] = warm * exponential(&b);
        double n0, n1, n2, n3, n4, n5;
        LOAD;
        for (int i = 0; i < many; i++) {
            double now = arrive[i], free_by = now + 1e-9, busy_until = now + took[i];
            if (now >= next_expiry) { KEEP; end_expired(now, idle); LOAD; }
            int in0 = n0 <= free_by, in1 = n1 <= free_by, in2 = n2 <= free_by, in3 = n3 <= free_by, in4 = n4 <= free_by, in5 = n5 <= free_by;
            if (in0 | in1 | in2 | in3 | in4 | in5) {
                n5 = in5 & !(in0 | in1 | in2 | in3 | in4) ? busy_until : n5;
                n4 = in4 & !(in0 | in1 | in2 | in3) ? busy_until : n4;
                n3 = in3 & !(in0 | in1 | in2) ? busy_until : n3;
                n2 = in2 & !(in0 | in1) ? busy_until : n2;
                n1 = in1 & !in0 ? busy_until : n1;
                n0 = in0 ? busy_until : n0;
                continue;
            }
            int place = older_idle(free_by);
            if (place >= 0) { until[place] = busy_until; continue; }
            if (live == ROOM) return 1;
            KEEP;
            took[i] += start * exponential(&c);
            born[live] = now; until[NEWEST + live++] = now + took[i]; cold++;
            next_expiry = fmin(next_expiry, now + took[i] + idle);
            LOAD;
        }
        KEEP;
        for (int i = 0; i < many; i++) tenths += ceil(took[i] * 10 - 1e-6);
        for (int i = 0; i < many; i++) {
            double latency = took[i];
            uint64_t bits;
            active += latency; least = fmin(least, latency); most = fmax(most, latency);
            memcpy(&bits, &latency, 8);
            int64_t bucket = (int64_t)(bits >> 43) - ((1023 - 17) << 9);
            histogram[bucket < 0 ? 0 : bucket >= BUCKETS ? BUCKETS - 1 : bucket]++;
        }
    }
    for (int m = 0; m < live; m++) last = fmax(last, until[NEWEST + m]);
    double took_s = (double)(clock() - began) / CLOCKS_PER_SEC;
    printf("%.0f cold %.6f running %.4f billed %.0f lives %.0f %ld %g %g\n", n / took_s, (double)cold / n, active / last, tenths / 10, lives, (long)histogram[9000], least, most);
    return 0;
}
