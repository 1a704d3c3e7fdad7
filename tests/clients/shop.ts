// What a shop writes with the types that openapi-typescript made of our document.
import createClient from "openapi-fetch";
import type { components, paths } from "./recommender.js";

const [address, key] = process.argv.slice(2);
const client = createClient<paths>({ baseUrl: address, headers: { "X-API-Key": key } });
const visitor = 567987987988;

function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

// Fields with defaults may be left out; fields that do not exist may not be sent.
const least: components["schemas"]["RecommendRequest"] = { users: [{ visitorid: visitor }] };
const most: components["schemas"]["RecommendRequest"] = {
  users: [{ visitorid: 6000, period: "night", month: null }],
  k: 2,
  exclude_known: false,
  items: [152913],
  exclude_items: null,
  model: "ranking",
  side_data_defaults: true,
  context: "now",
};
// @ts-expect-error
const wrong: components["schemas"]["RecommendRequest"] = { users: [], colour: "red" };

const answer = await client.POST("/recommend/users", { body: least });
check(answer.data?.recommendations.length === 10, "ten rows");
check(answer.data?.cold_users[0] === visitor, "a cold user");
// An id beyond 2^53 is sent as a string of digits, for which the document has no type.
const large = "9007199254740993" as unknown as number;
const far = await client.POST("/recommend/users", { body: { users: [{ visitorid: large }], k: 1 } });
check(far.data?.recommendations.length === 1, "a row for a large id");
const full = await client.POST("/recommend/users", { body: most });
check(full.data?.unknown_values[0]?.value === "night", "an unknown value");
const similar = await client.POST("/similar/items", { body: { items: [{ itemid: 152913 }] } });
check(similar.data?.similar_items[0]?.rank === 1, "similar items");
const scored = await client.POST("/score", { body: [{ visitorid: visitor, period: "Night" }] });
check(JSON.parse(scored.data ?? "[]")[0].visitorid === visitor, "rows of the drop-in");
const refused = await client.POST("/recommend/users", { body: { ...least, k: 0 } });
check(refused.error?.errors?.[0]?.field === "k", "the field that is wrong");
const denied = await client.POST("/score", { body: [], headers: { "X-API-Key": "nobody" } });
check(typeof denied.error?.message === "string", "a message");
void wrong;
console.log("done");
