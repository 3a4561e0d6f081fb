// OpenRouter's npm SDK against `BASE/api/v1`: list, page to the end, get, count, endpoints, providers.
// Its schemas are strict: one row that breaks them loses the whole call.
import { OpenRouter } from "@openrouter/sdk";

const MAX_PAGES = 50;
const retryConfig = { strategy: "none" };
const client = new OpenRouter({ serverURL: `${process.argv[2]}/api/v1`, apiKey: "unused", retryConfig });

async function paged(request) {
  const ids = [];
  let pages = 0;
  for await (const page of await client.models.list(request)) {
    ids.push(...page.result.data.map((model) => model.id));
    if (++pages > MAX_PAGES) throw new Error(`the pager did not end after ${MAX_PAGES} pages`);
  }
  return ids;
}

function partsOf(id) {
  const at = id.indexOf("/");
  return { author: id.slice(0, at), slug: id.slice(at + 1) };
}

const ids = await paged();
const sampled = ids.filter((_, at) => at % Math.max(1, Math.floor(ids.length / 40)) === 0);
const got = [];
for (const id of sampled) got.push((await client.models.get(partsOf(id))).data.id);
const endpoints = [];
for (const id of sampled.slice(0, 10)) {
  const { data } = await client.endpoints.list(partsOf(id));
  endpoints.push({ id: data.id, endpoints: data.endpoints.length });
}
const missing = await client.models.get({ author: "acme", slug: "there-is-no-such-model-9000" }).then(
  () => 200,
  (error) => error.statusCode ?? String(error),
);
const told = {
  ids,
  paged_by_70: await paged({ limit: 70 }),
  paged_by_default: await paged({}),
  sampled,
  got,
  endpoints,
  count: (await client.models.count()).data.count,
  providers: (await client.providers.list()).data.map((provider) => provider.slug),
  missing,
};
console.log(JSON.stringify(told));
