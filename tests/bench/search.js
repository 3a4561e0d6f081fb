// One engine of npm, measured as tests/bench/search.py measures the others: reads a job, prints its figures.
const fs = require("node:fs");
const path = require("node:path");
const [engine, modules, job] = process.argv.slice(2);
const load = (name) => require(require.resolve(name, { paths: [path.resolve(modules)] }));
const { models, kinds, rounds, seconds, relevance } = JSON.parse(fs.readFileSync(job, "utf8"));

function fuse(documents) {
  const Fuse = load("fuse.js");
  const index = new (Fuse.default ?? Fuse)(documents, {
    keys: ["id", "name"],
    ignoreLocation: true,
    threshold: 0.4,
    useExtendedSearch: false,
  });
  return (query, limit) => index.search(query, { limit }).map((hit) => hit.item.id);
}

function minisearch(documents) {
  const MiniSearch = load("minisearch");
  const index = new (MiniSearch.default ?? MiniSearch)({
    fields: ["id", "name"],
    idField: "place",
    storeFields: ["id"],
    tokenize: (text) => text.toLowerCase().split(/[^a-z0-9.+]+/).filter(Boolean),
    searchOptions: { prefix: true, fuzzy: 0.2, combineWith: "AND", boost: { name: 2 } },
  });
  index.addAll(documents.map((document, place) => ({ ...document, place })));
  return (query, limit) => {
    const found = index.search(query);
    return (found.length ? found : index.search(query, { combineWith: "OR" })).slice(0, limit).map((hit) => hit.id);
  };
}

const make = engine === "fuse" ? fuse : minisearch;
global.gc();
const before = process.memoryUsage().heapUsed;
const started = performance.now();
const find = make(models);
const build = performance.now() - started;
global.gc();
const memory = process.memoryUsage().heapUsed - before;
const times = {};
for (const [kind, queries] of Object.entries(kinds)) {
  find(queries[0], 20);
  times[kind] = [];
  const end = performance.now() + seconds * 1000;
  for (let asked = 0; asked < rounds * queries.length && performance.now() < end; asked++) {
    const start = performance.now();
    find(queries[asked % queries.length], 20);
    times[kind].push(performance.now() - start);
  }
}
let answers = [];
if (relevance) {
  const findReal = make(relevance.models);
  answers = relevance.queries.map((query) => findReal(query, 5));
}
console.log(JSON.stringify({ build_ms: build, memory_bytes: memory, times_ms: times, answers }));
