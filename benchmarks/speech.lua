-- Reads a JSON list of formulas, and writes for each its words and what it means: the tree of the extension's reader without
-- what only the eye sees. Run by speech.py: `pandoc lua speech.lua FOLDER`.

local folder = arg[1]
local convert = dofile(folder .. "/converter.lua")(folder)
local flat = dofile(folder .. "/speech-nesting.lua")({char = {}}).flat
local silent = {say = true, name = true, cls = true, em = true, size = true, style = true, place = true, limits = true, bar = true}

local function meaning(value, key)
  if type(value) ~= "table" then return tostring(value) end
  if value.k then
    if key == "base" and value.k == "group" then
      local inner = flat({value})
      return #inner == 1 and meaning(inner[1]) or "{" .. meaning(value.list) .. "}"
    end
    local parts = {}
    for name, inner in pairs(value) do
      local printed = not (name == "primes" and inner == 0 or silent[name] and value.k ~= "func") and meaning(inner, name)
      if printed and printed ~= "()" then parts[#parts + 1] = name .. "=" .. printed end
    end
    table.sort(parts)
    return "<" .. table.concat(parts, " ") .. ">"
  end
  local parts = {}
  local nodes = type(value[1]) == "table" and value[1].k
  for index, inner in ipairs(nodes and flat(value) or value) do parts[index] = meaning(inner) end
  return "(" .. table.concat(parts, " ") .. ")"
end

local out = {}
for index, formula in ipairs(pandoc.json.decode(io.read("a"), false)) do
  local read, tree = pcall(convert.read, formula)
  if read then out[index] = {words = convert.say(tree), meaning = meaning(tree)} else out[index] = {words = "", meaning = ""} end
end
io.write(pandoc.json.encode(out))
