-- Requests for wrk: KIND is ranking, similarity, similar or basket (of eight items); FORM is typed (our endpoints) or score.
local kind, form = os.getenv("KIND"), os.getenv("FORM")
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
local bodies = {
  ranking = {'{"visitorid":%d,"period":"Night","month":8,"weekday":2}', 4001, 1407580, "users"},
  similarity = {'{"visitorid":%d}', 1009, 400279, "users"},
  similar = {'{"itemid":%d}', 307, 116212, "items"},
  basket = {'{"itemid":%d}', 307, 116212, "baskets"},
}
local row, step, size, name = unpack(bodies[kind])
local pattern = form == "score" and "[" .. row .. "]" or '{"' .. name .. '":[' .. row .. "]}"
if kind == "basket" then
  pattern = '{"baskets":[[' .. string.rep(row, 8, ",") .. "]]}"
end
local n = 0
function request()
  local ids = {}
  for place = 1, kind == "basket" and 8 or 1 do
    n = n + 1
    ids[place] = (n * step) % size
  end
  return wrk.format(nil, nil, nil, string.format(pattern, unpack(ids)))
end
