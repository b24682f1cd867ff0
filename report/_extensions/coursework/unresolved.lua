-- Quarto prints a reference, variable or metadata key that it does not find as "?@fig-x", "?var:x" or "?meta:x" and
-- goes on. A report with a question mark in it is wrong, so here the build stops.

-- A full stop after a name ends the sentence.
local kinds = {
  {"^%?@([%w:._-]*%w)", "The reference @%s leads nowhere: no figure, table, formula, listing or section has this label."},
  {"^%?var:([%w:._-]*%w)", "The variable %s is not in _variables.yml."},
  {"^%?meta:([%w:._-]*%w)", "The key %s is not in the document's front matter."},
  {"^%?env:([%w:._-]*%w)", "The environment variable %s is not set."},
}

local function check(text)
  for _, kind in ipairs(kinds) do
    local name = text:match(kind[1])
    assert(not name, kind[2]:format(name))
  end
end

return {{
  Str = function(str) check(str.text) end,
  Math = function(math)
    for _, kind in ipairs(kinds) do
      local name = math.text:match(kind[1]:sub(2))
      assert(not name or kind[1]:match("@"), kind[2]:format(name))
    end
  end,
}}
