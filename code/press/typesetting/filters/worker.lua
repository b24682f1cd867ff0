-- A pandoc that stays alive: to start pandoc and to fill its caches costs more than to convert a section. Requests and
-- answers are JSON after a line with their length. What goes wrong here is done again by pandoc itself, which says why.

FORMAT = "typst"

local function convert(request)
  -- as on pandoc's command line
  local abbreviations = {}
  for _, word in ipairs(request.abbreviations) do abbreviations[word] = true end
  local reader = pandoc.ReaderOptions { columns = 72, abbreviations = abbreviations }
  local writer = pandoc.WriterOptions { wrap_text = "none", number_sections = true }
  local document = pandoc.read(request.text, request.from, reader)
  for _, path in ipairs(request.filters) do
    PANDOC_SCRIPT_FILE = path
    document = pandoc.utils.run_lua_filter(document, path)
  end
  return pandoc.write(document, "typst", writer)
end

while true do
  local size = tonumber(io.read("l"))
  if not size then break end
  local well, text = pcall(convert, pandoc.json.decode(io.read(size), false))
  local answer = pandoc.json.encode(well and { text = text } or {})
  io.write(#answer, "\n", answer)
  io.flush()
end
