// The plan by hand: what a set of workloads does to the bill, added up exactly (in units of 10^-12) as the package does.
// Which nodes go with a set is looked up, never worked out here.
(() => {
  const panel = document.getElementById('by-hand');
  if (!panel) return;
  const of = JSON.parse(document.getElementById('near-sets').textContent);
  const PLACES = 12;
  const ONE = 10n ** BigInt(PLACES);
  const exact = (text) => {
    const [whole, part = ''] = text.replace('-', '').split('.');
    const value = BigInt(whole + part.padEnd(PLACES, '0').slice(0, PLACES));
    return text.startsWith('-') ? -value : value;
  };
  const maybe = (text) => (text === null ? null : exact(text));
  const sum = (values) => values.reduce((a, b) => a + b, 0n);
  const many = (number, one) => `${number.toLocaleString('en-US')} ${one}${number === 1 ? '' : 's'}`;

  const moves = of.moves.map((one) => ({
    ...one, month: exact(one.month), compute: exact(one.compute), days: exact(one.days), hours: exact(one.hours), own: maybe(one.own),
    units: Object.entries(one.units).map(([unit, [quantity, amount]]) => [unit, exact(quantity), exact(amount)]),
  }));
  const clusters = of.clusters.map((one, number) => ({
    ...one, number, path: exact(one.path),
    hours: Object.fromEntries(Object.entries(one.hours).map(([name, text]) => [name, exact(text)])),
    packed: one.packed.map((set) => ({ ...set, moves: new Set(set.moves) })),
  }));
  const prefixes = [new Set()];
  for (const wave of of.waves) prefixes.push(new Set([...prefixes[prefixes.length - 1], ...wave]));
  const plan = prefixes[prefixes.length - 1];

  const slider = panel.querySelector('input[type="range"]');
  const upto = panel.querySelector('output');
  const said = panel.querySelector('[data-said]');
  const asks = panel.querySelector('[data-ask]');
  const command = asks.querySelector('code');
  const tiles = Object.fromEntries([...panel.querySelectorAll('[data-tile]')].map((one) => [one.dataset.tile, one]));
  const boxes = new Map();
  for (const box of document.querySelectorAll('input[data-move]')) boxes.set(Number(box.dataset.move), box);
  let chosen = new Set(plan);

  // What a set is worth. `avoided` is undefined where the set was not packed, null where the snapshot cannot tell.
  function worth(set) {
    const goes = clusters.map((one) => one.holders !== null && one.holders.length > 0 && one.holders.every((n) => set.has(n)));
    const gone = clusters.map((one) => leaves(one, new Set([...set].filter((n) => moves[n].cluster === one.number)), goes[one.number]));
    const members = [...set].map((n) => moves[n]);
    const called = new Set(members.flatMap((one) => one.calls));
    const hops = [...called].map((n) => of.calls[n]).filter((one) => !set.has(one.move) && (one.inside || !goes[one.cluster]));
    const run = sum(members.map((one) => one.month)) - free(members);
    const paths = sum(hops.map((one) => clusters[one.cluster].path));
    const unknown = gone.includes(undefined) ? undefined : gone.some(([month]) => month === null) ? null : 0n;
    const avoided = unknown === 0n ? sum(gone.map(([month]) => month)) : unknown;
    return {
      run, paths, hops, avoided,
      saved: typeof avoided === 'bigint' ? avoided - run - paths : avoided,
      nodes: gone.includes(undefined) ? undefined : gone.reduce((all, [, nodes]) => all + nodes, 0),
      days: sum(members.map((one) => one.days)),
      hours: set.size && !gone.includes(undefined) ? hours(members, gone, goes, hops) : set.size ? undefined : 0n,
      over: over(set),
      goes: goes.filter((one) => one).length,
    };
  }

  function leaves(cluster, set, goes) {
    if (set.size === 0) return [0n, 0];
    if (!cluster.is_told) return [null, 0];
    if (goes) return told(cluster.all);
    if (cluster.by_pod) {
      const own = [...set].map((n) => moves[n].own);
      return [own.includes(null) ? null : sum(own), 0];
    }
    for (const one of cluster.packed) {
      const other = differs(one.moves, set, 2);
      if (other.length === 0) return told(one.leaves);
      if (other.length === 1 && one.told && other[0] >= one.told[0] && other[0] <= one.told[1]) return told(one.near[other[0]] || one.leaves);
    }
    return undefined;
  }

  const told = ([month, nodes]) => [maybe(month), nodes];

  // The members in one set alone, the first `most` of them.
  function differs(a, b, most) {
    const found = [];
    for (const [one, other] of [[a, b], [b, a]]) {
      for (const n of one) {
        if (other.has(n)) continue;
        found.push(n);
        if (found.length === most) return found;
      }
    }
    return found;
  }

  function free(members) {
    const compute = sum(members.map((one) => one.compute));
    const spend = exact(of.free.spend);
    let all = compute < spend ? compute : spend;
    const units = {};
    for (const [unit, quantity, amount] of members.flatMap((one) => one.units)) {
      const [q, a] = units[unit] || [0n, 0n];
      units[unit] = [q + quantity, a + amount];
    }
    for (const [unit, [quantity, amount]] of Object.entries(units)) {
      const given = exact(of.free.units[unit]);
      all += quantity <= given ? amount : (amount * given) / quantity;
    }
    return all;
  }

  function hours(members, gone, goes, hops) {
    let all = sum(members.map((one) => one.hours)) - sum(hops.map((one) => clusters[one.cluster].hours.path));
    for (const one of clusters) all += goes[one.number] ? one.hours.shared : one.hours.node * BigInt(gone[one.number][1]);
    if (goes.every((one) => one)) return all;
    return all - clusters.map((one) => one.hours.two_platforms).reduce((a, b) => (a > b ? a : b));
  }

  function over(set) {
    const at = prefixes.findLastIndex((one) => differs(one, set, 1).length === 0);
    if (at >= 0) return maybe(of.over_stay.prefixes[at]);
    const whole = maybe(of.over_stay.prefixes[prefixes.length - 1]);
    const other = differs(plan, set, 2);
    const margin = other.length === 1 ? of.over_stay.margins[other[0]] : undefined;
    if (whole === null || margin === undefined) return undefined;
    return plan.has(other[0]) ? whole - exact(margin) : whole + exact(margin);
  }

  // Half to even, as the package rounds.
  function rounded(value, places) {
    const unit = 10n ** BigInt(PLACES - places);
    const size = value < 0n ? -value : value;
    const [whole, rest] = [size / unit, size % unit];
    return whole + (rest * 2n > unit || (rest * 2n === unit && whole % 2n === 1n) ? 1n : 0n);
  }

  function money(value, sign) {
    if (value === undefined) return 'not worked out';
    if (value === null) return 'not known';
    const { before, after, places } = of.money;
    const size = rounded(value, places);
    const digits = size.toString().padStart(places + 1, '0');
    const cut = digits.length - places;
    const text = BigInt(digits.slice(0, cut)).toLocaleString('en-US') + (places ? `.${digits.slice(cut)}` : '');
    const mark = size === 0n ? '' : value < 0n ? '\u2212' : sign ? '+' : '';
    return mark + before + text + after;
  }

  function plain(value) {
    return Number(value < 0n ? -rounded(value, 2) : rounded(value, 2)) / 100;
  }

  function set(name, value, under, tone) {
    tiles[name].querySelector('.value').textContent = value;
    if (under !== undefined) tiles[name].querySelector('.under').textContent = under;
    tiles[name].className = `tile ${tone || ''}`;
  }

  const toned = (value) => (typeof value !== 'bigint' || value === 0n ? '' : value > 0n ? 'good' : 'bad');

  function draw() {
    const found = worth(chosen);
    set('avoided', money(found.avoided));
    set('run', money(found.run));
    set('paths', money(found.paths), found.hops.length ? `a month, to ${many(found.hops.length, 'callee')} behind a load balancer` : 'a month: nothing calls what stays');
    set('saved', money(found.saved, true), undefined, toned(found.saved));
    set('over', money(found.over, true), undefined, toned(found.over));
    set('nodes', found.nodes === undefined ? 'not worked out' : found.nodes.toLocaleString('en-US'), found.goes ? `and ${many(found.goes, 'cluster')}` : '');
    set('work', `${plain(found.days)} days`, found.hours === undefined ? 'once; hours a month hang on the nodes'
      : `once; ${plain(found.hours < 0n ? -found.hours : found.hours)} hours a month ${found.hours < 0n ? 'more' : 'less'}, the cluster otherwise as today`);
    const at = Number(slider.value);
    upto.textContent = at ? `${at === 1 ? 'wave 1' : `waves 1 to ${at}`} of ${slider.max}` : 'none';
    const [more, less] = [[...chosen].filter((n) => !prefixes[at].has(n)).length, [...prefixes[at]].filter((n) => !chosen.has(n)).length];
    said.textContent = `${many(chosen.size, 'workload')}${more ? `, ${more} more than in these waves` : ''}${less ? `, ${less} of these waves not ticked` : ''}.`;
    asks.hidden = found.avoided !== undefined;
    if (!asks.hidden) command.textContent = line();
  }

  // What answers any set, told by how it differs from the plan.
  function line() {
    const quoted = (text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
    const named = (option, numbers) => numbers.map((n) => `${option} ${quoted(moves[n].id)}`);
    const more = [...chosen].filter((n) => !plan.has(n));
    const less = [...plan].filter((n) => !chosen.has(n));
    return ['k2cr plan', ...of.snapshots.map(quoted), ...named('--with', more), ...named('--without', less)].join(' ');
  }

  function take(members) {
    chosen = new Set(members);
    for (const [n, box] of boxes) box.checked = chosen.has(n);
    draw();
  }

  for (const [n, box] of boxes) {
    box.disabled = false;
    box.addEventListener('change', () => {
      if (box.checked) chosen.add(n); else chosen.delete(n);
      draw();
    });
  }
  slider.addEventListener('input', () => take(prefixes[Number(slider.value)]));
  panel.querySelector('[data-reset]').addEventListener('click', () => { slider.value = slider.max; take(plan); });
  panel.querySelector('[data-none]').addEventListener('click', () => { slider.value = 0; take([]); });
  take(plan);
})();
