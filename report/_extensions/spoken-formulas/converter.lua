-- One formula: read (tex.lua), set (typst.lua) and spoken (speech.lua). The filter, tests and measurements load it from here.

return function(folder)
  local function part(name) return dofile(pandoc.path.join({folder, name})) end
  local symbols = part("symbols.lua")(part("signs.lua"))
  local tex = part("tex.lua")(symbols, part)
  return {
    read = tex.read, macros = tex.macros, define = tex.define,
    write = part("typst.lua")(part).write,
    say = part("speech.lua")(symbols, part("words-en.lua"), part).say,
  }
end
