// OpenAI's npm package against `BASE/v1`: list, retrieve, ask for what is not there.
import OpenAI from "openai";

const client = new OpenAI({ baseURL: `${process.argv[2]}/v1`, apiKey: "unused", maxRetries: 0 });
const ids = [];
for await (const model of client.models.list()) ids.push(model.id);
const retrieved = [];
for (let at = 0; at < ids.length; at += Math.max(1, Math.floor(ids.length / 40))) {
  retrieved.push((await client.models.retrieve(ids[at])).id);
}
const missing = await client.models.retrieve("acme/there-is-no-such-model-9000").then(
  () => "found",
  (error) => (error instanceof OpenAI.NotFoundError ? error.code : String(error)),
);
console.log(JSON.stringify({ ids, retrieved, missing }));
