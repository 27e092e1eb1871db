// SPDX-License-Identifier: Apache-2.0
//
// Lines of CSV (RFC 4180), one way for every file that is read or written as such.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/base/result.h"

namespace icm::ctl {

// One line's CSV fields. A quoted field must end on its line: RFC 4180 §2.6 lets it hold a line
// break, but nothing that is kept here may. Code::syntax says what is wrong.
struct CsvField {
  std::string text;
  bool is_quoted = false;
  bool operator==(const CsvField&) const = default;
};
[[nodiscard]] Status split_csv(std::string_view line, std::vector<CsvField>& fields);

// A further field of a CSV line, quoted where RFC 4180 §2 asks for it. A spreadsheet takes a field
// that begins with = + - or @ for a formula and runs it, quoted or not; such a field gets an
// apostrophe in front, the sign by which spreadsheets know text.
void add_csv_field(std::string& line, std::string_view field);

// What add_csv_field() was given, of what it wrote: without that apostrophe.
std::string_view without_guard(std::string_view field);

}  // namespace icm::ctl
