-- Turns the texts of a notebook's cells into HTML: a list of {kind, text} comes in as JSON, a list of HTML goes out.
-- One process serves all cells, and each is read by itself, so that an unclosed fence spoils only its own cell.
-- HTML in the text is shown as text: a notebook may come from anywhere.

local escape_html = {
  RawInline = function(raw) return pandoc.Code(raw.text) end,
  RawBlock = function(raw) return pandoc.CodeBlock(raw.text) end,
}
local options = pandoc.WriterOptions { html_math_method = "mathml", wrap_text = "none" }
local made = {}

for index, piece in ipairs(pandoc.json.decode(io.read("a"), false)) do
  local document
  if piece.kind == "markdown" then
    document = pandoc.read(piece.text, "gfm+tex_math_dollars+attributes"):walk(escape_html)
  else
    document = pandoc.Pandoc { pandoc.CodeBlock(piece.text, { class = piece.kind }) }
  end
  made[index] = pandoc.write(document, "html5", options)
end

io.write(pandoc.json.encode(pandoc.List(made)))
