// SPDX-License-Identifier: Apache-2.0
//
// The sections of a report's page, and what they are made of.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "milter/ctl/report/facts.h"

namespace icm::ctl::report {

// The page's style sheet.
extern const std::string_view page_style;

// Any text as HTML: what is not printable ASCII as \xNN, a cut shown by "...", and escaped.
std::string html(std::string_view text);

// "1,234"; nothing is there to see, and stands back.
std::string number(std::uint64_t value);

// The class of an outcome's colour.
std::string_view tone_of(Outcome outcome);

struct TableColumn {
  std::string_view title;
  bool is_number = false;
};

// A table that may be scrolled where it is too wide for the screen. Cells are HTML; the first of a
// row is its heading.
class HtmlTable {
 public:
  HtmlTable(std::string_view caption, std::vector<TableColumn> columns);
  void add(const std::vector<std::string>& cells);
  bool empty() const { return rows_ == 0; }
  std::string take() &&;

 private:
  std::string text_;
  std::vector<TableColumn> columns_;
  std::size_t rows_ = 0;
};

// A section with its heading; `id` of the page.
std::string section(std::string_view id, std::string_view title, const std::string& body);
std::string paragraph(std::string_view style, const std::string& html);

std::string volumes_section(const LogFacts& log);
std::string rules_section(const LogFacts& log);
std::string senders_section(const LogFacts& log);
std::string answers_section(const ReportFacts& facts);
std::string throttle_section(const ThrottleFacts& throttle);

}  // namespace icm::ctl::report
