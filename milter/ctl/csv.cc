// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/csv.h"

#include <algorithm>

#include "policy/base/text.h"

namespace icm::ctl {
namespace {

constexpr char guard = '\'';

// Reads a quoted field from behind its opening quote; gives back where it ends.
Result<std::size_t> read_quoted(std::string_view line, std::size_t at, std::string& text) {
  for (;;) {
    const std::size_t quote = line.find('"', at);
    if (quote == std::string_view::npos) {
      return fail(Code::syntax, "expected a closing quote on the same line, found none");
    }
    text += line.substr(at, quote - at);
    at = quote + 1;
    if (at == line.size() || line[at] != '"') return at;
    text += '"';  // RFC 4180 §2.7: two quotes stand for one
    ++at;
  }
}

// Also behind apostrophes of its own: else what is read could not be told from what was guarded.
bool begins_as_formula(std::string_view field) {
  const std::size_t begin = field.find_first_not_of(guard);
  return begin != std::string_view::npos &&
         std::string_view("=+-@").find(field[begin]) != std::string_view::npos;
}

}  // namespace

Status split_csv(std::string_view line, std::vector<CsvField>& fields) {
  std::size_t count = 0;
  for (std::size_t at = 0;; ++at) {
    if (fields.size() == count) fields.emplace_back();
    CsvField& field = fields[count++];
    field.text.clear();
    field.is_quoted = at < line.size() && line[at] == '"';
    if (field.is_quoted) {
      ICM_TRY(at, read_quoted(line, at + 1, field.text));
      if (at < line.size() && line[at] != ',') {
        return fail(Code::syntax,
                    fmt::format("expected a comma after the closing quote of column {}, "
                                "found \"{}\"",
                                count, for_log(line.substr(at, 1))));
      }
    } else {
      const std::size_t end = std::min(line.find(',', at), line.size());
      field.text = line.substr(at, end - at);
      at = end;
      if (field.text.find('"') != std::string::npos) {  // RFC 4180 §2.5
        return fail(Code::syntax,
                    fmt::format("expected quotes around the whole of column {}, found one "
                                "inside",
                                count));
      }
    }
    if (at == line.size()) break;
  }
  fields.resize(count);
  return {};
}

// RFC 4180 §2 rules 5 to 7.
void add_csv_field(std::string& line, std::string_view field) {
  if (!line.empty()) line += ',';
  const bool is_quoted = field.find_first_of(",\"\r\n") != std::string_view::npos;
  if (is_quoted) line += '"';
  if (begins_as_formula(field)) line += guard;
  for (const char c : field) {
    if (c == '"') line += '"';
    line += c;
  }
  if (is_quoted) line += '"';
}

std::string_view without_guard(std::string_view field) {
  return field.starts_with(guard) && begins_as_formula(field) ? field.substr(1) : field;
}

}  // namespace icm::ctl
