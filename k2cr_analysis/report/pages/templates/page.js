'use strict';
(() => {
  document.documentElement.classList.add('alive');

  // Copy buttons on commands and files.
  for (const pre of document.querySelectorAll('pre')) {
    const frame = document.createElement('div');
    frame.className = 'copied';
    pre.replaceWith(frame);
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = 'Copy';
    pre.tabIndex = 0;
    frame.append(pre, button);
    button.addEventListener('click', async () => {
      try {
        await navigator.clipboard.writeText(pre.textContent);
      } catch {
        const range = document.createRange();
        range.selectNodeContents(pre);
        getSelection().removeAllRanges();
        getSelection().addRange(range);
        document.execCommand('copy');
      }
      button.textContent = 'Copied';
      setTimeout(() => { button.textContent = 'Copy'; }, 1500);
    });
  }

  // A table that is sorted, filtered, paged and exported.
  for (const table of document.querySelectorAll('table[data-explore]')) explore(table);

  function explore(table) {
    const body = table.tBodies[0];
    const heads = [...table.tHead.rows[0].cells];
    const names = heads.map((th) => th.dataset.name || th.textContent.trim());
    const labels = heads.map((th) => th.textContent.trim());
    const rows = [...body.rows].map((tr) => {
      const cells = [...tr.cells];
      cells.forEach((td, i) => { td.dataset.label = labels[i]; });
      const shown = cells.map((td) => td.textContent.trim());
      const values = cells.map((td, i) => ('v' in td.dataset ? td.dataset.v : shown[i]));
      const numbers = cells.map((td) => (td.dataset.v ? Number(td.dataset.v) : NaN));
      return { tr, values, numbers, tick: tr.querySelector('input[type="checkbox"]'), text: shown.join(' ').toLowerCase() };
    });
    const numeric = heads.map((th) => th.classList.contains('right'));
    const words = new Intl.Collator('en', { numeric: true });
    const tools = document.getElementById(table.dataset.explore);
    const search = tools.querySelector('input[type="search"]');
    const selects = [...tools.querySelectorAll('select[data-of]')];
    const said = document.getElementById(`${table.dataset.explore}-said`);
    const turn = document.getElementById(`${table.dataset.explore}-turn`);
    const [back, on] = turn.querySelectorAll('button');
    const size = turn.querySelector('select');
    const sorts = tools.querySelector('select[data-sort]');
    const mark = `#${table.dataset.explore}?`;
    const value = (row, of) => (of === 'namespace' ? row.values[0].split('/')[0] : row.values[names.indexOf(of)]);
    if (innerWidth < 640) size.value = '20';
    let order = rows;
    let page = 0;

    for (const select of selects) {
      const held = new Set(rows.map((row) => value(row, select.dataset.of)).filter((v) => v));
      for (const one of [...held].sort(words.compare)) {
        if (select.dataset.of === 'wave') continue;
        const many = rows.filter((row) => value(row, select.dataset.of) === one).length;
        select.add(new Option(`${one} (${many})`, one));
      }
      select.addEventListener('change', () => { page = 0; show(); });
    }
    search.addEventListener('input', () => { page = 0; show(); });
    size.addEventListener('change', () => { page = 0; show(); });
    back.addEventListener('click', () => { page -= 1; show(); });
    on.addEventListener('click', () => { page += 1; show(); });
    tools.querySelector('button[data-csv]').addEventListener('click', save);

    heads.forEach((th, i) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.append(...th.childNodes);
      th.append(button);
      button.addEventListener('click', () => {
        const now = th.getAttribute('aria-sort');
        sort(i, now ? now !== 'ascending' : !numeric[i]);
        page = 0;
        show();
      });
      sorts.add(new Option(labels[i], names[i]));
    });
    sorts.addEventListener('change', () => {
      const i = names.indexOf(sorts.value);
      sort(i, !numeric[i]);
      page = 0;
      show();
    });

    function sort(i, up) {
      heads.forEach((one) => one.removeAttribute('aria-sort'));
      if (i < 0) { sorts.value = ''; order = rows; return; }
      heads[i].setAttribute('aria-sort', up ? 'ascending' : 'descending');
      sorts.value = names[i];
      const way = up ? 1 : -1;
      order = [...rows].sort((a, b) => {
        if (!numeric[i]) return way * words.compare(a.values[i], b.values[i]);
        const [x, y] = [a.numbers[i], b.numbers[i]];
        if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) - Number.isNaN(y);
        return way * (x - y);
      });
    }

    function found() {
      const asked = search.value.toLowerCase().split(/\s+/).filter((word) => word);
      const wanted = selects.filter((s) => s.value).map((s) => [s.dataset.of, s.value]);
      return order.filter((row) => asked.every((word) => row.text.includes(word))
        && wanted.every(([of, one]) => (of === 'wave' ? planned(row, one) : value(row, of) === one)));
    }

    function planned(row, one) {
      return one === 'ticked' ? Boolean(row.tick && row.tick.checked) : (one === 'in') === !Number.isNaN(row.numbers[names.indexOf('wave')]);
    }

    // What is seen stands in the address, so that a link or a bookmark shows the same rows.
    function remember() {
      const told = new URLSearchParams();
      if (search.value) told.set('search', search.value);
      for (const select of selects) if (select.value) told.set(select.dataset.of, select.value);
      const i = heads.findIndex((th) => th.hasAttribute('aria-sort'));
      if (i >= 0) told.set('sort', (heads[i].getAttribute('aria-sort') === 'descending' ? '-' : '') + names[i]);
      if (String(told) || location.hash.startsWith(mark)) history.replaceState(null, '', mark + told);
    }

    function recall() {
      if (!location.hash.startsWith(mark)) return;
      const told = new URLSearchParams(location.hash.slice(mark.length));
      search.value = told.get('search') || '';
      for (const select of selects) {
        const wanted = told.get(select.dataset.of) || '';
        select.value = [...select.options].some((one) => one.value === wanted) ? wanted : '';
      }
      const by = told.get('sort') || '';
      sort(names.indexOf(by.replace(/^-/, '')), !by.startsWith('-'));
      page = 0;
    }

    // Sums of what is seen. Both sides are told of the same workloads: those whose price on Cloud Run is known.
    function sums(seen) {
      if (!table.dataset.currency) return '';
      const [gke, run] = ['gke_attributed_month', 'cloud_run_month'].map((name) => names.indexOf(name));
      const money = new Intl.NumberFormat('en-US', { style: 'currency', currency: table.dataset.currency });
      const sum = (of, i) => money.format(of.reduce((all, row) => all + row.numbers[i], 0));
      const here = seen.filter((row) => !Number.isNaN(row.numbers[gke]));
      const both = here.filter((row) => !Number.isNaN(row.numbers[run]));
      const share = here.length ? `; GKE share ${sum(here, gke)} a month` : '';
      return share + (both.length ? `; the ${both.length} with a price on both sides: ${sum(both, gke)} on GKE, ${sum(both, run)} on Cloud Run` : '');
    }

    function show(everything) {
      const seen = found();
      if (!everything) remember();
      const many = everything || size.value === 'all' ? Math.max(seen.length, 1) : Number(size.value);
      const pages = Math.max(1, Math.ceil(seen.length / many));
      page = Math.min(Math.max(page, 0), pages - 1);
      body.replaceChildren(...seen.slice(page * many, (page + 1) * many).map((row) => row.tr));
      said.textContent = `${seen.length} of ${rows.length} workloads` + (pages > 1 ? `, page ${page + 1} of ${pages}` : '') + sums(seen);
      back.disabled = page === 0;
      on.disabled = page === pages - 1;
    }

    function save() {
      // A cell that a spreadsheet would take for a formula is kept a text.
      const cell = (text) => (/^[=+\-@\t\r]/.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text);
      const line = (values) => values.map((v) => `"${cell(v).replaceAll('"', '""')}"`).join(',');
      const text = [line(names), ...found().map((row) => line(row.values))].join('\n') + '\n';
      const link = document.createElement('a');
      link.href = URL.createObjectURL(new Blob([text], { type: 'text/csv' }));
      link.download = 'workloads.csv';
      document.body.append(link);
      link.click();
      link.remove();
    }

    addEventListener('beforeprint', () => show(true));
    addEventListener('afterprint', () => show());
    addEventListener('hashchange', () => { recall(); show(); });
    recall();
    show();
  }
})();
