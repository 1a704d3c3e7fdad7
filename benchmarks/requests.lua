-- Requests for wrk: KIND is ranking, similarity or similar; FORM is typed (our endpoints) or score.
local kind, form = os.getenv("KIND"), os.getenv("FORM")
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
local bodies = {
  ranking = {'{"visitorid":%d,"period":"Night","month":8,"weekday":2}', 4001, 1407580, "users"},
  similarity = {'{"visitorid":%d}', 1009, 400279, "users"},
  similar = {'{"itemid":%d}', 307, 116212, "items"},
}
local row, step, size, name = unpack(bodies[kind])
local pattern = form == "score" and "[" .. row .. "]" or '{"' .. name .. '":[' .. row .. "]}"
local n = 0
function request()
  n = n + 1
  return wrk.format(nil, nil, nil, string.format(pattern, (n * step) % size))
end
