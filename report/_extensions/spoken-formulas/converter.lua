-- One formula: read (tex.lua), set (typst.lua) and spoken (speech.lua). The filter, tests and measurements load it from here.

return function(folder)
  local function path(name) return pandoc.path.join({folder, name}) end
  local function part(name) return dofile(path(name)) end
  local symbols = part("symbols.lua")(part("signs.lua"))
  local tex = part("tex.lua")(symbols, part)
  local converter = {read = tex.read, macros = tex.macros, define = tex.define, write = part("typst.lua")(part).write}

  --- Speak another language from now on: "de-AT" has its words in words-de.lua; English where there is no such file.
  function converter.language(code)
    local name = "words-" .. code:lower():match("^%a*") .. ".lua"
    local file = io.open(path(name))
    if file then file:close() else name = "words-en.lua" end
    converter.say = part("speech.lua")(symbols, part(name), part).say
  end

  converter.language("en")
  return converter
end
