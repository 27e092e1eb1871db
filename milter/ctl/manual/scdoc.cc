// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/manual/scdoc.h"

#include <fmt/format.h>

#include "policy/base/text.h"

namespace icm::ctl {

std::string plain(std::string_view text) {
  constexpr std::string_view special = "\\*_`";
  constexpr std::string_view special_at_first = "-#|[];:";  // would begin a list, a table, …
  std::string escaped;
  for (const char c : text) {
    const bool is_special = special.find(c) != std::string_view::npos ||
                            (escaped.empty() && special_at_first.find(c) != std::string_view::npos);
    if (is_special) escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string bold(std::string_view text) { return fmt::format("*{}*", plain(text)); }
std::string underlined(std::string_view text) { return fmt::format("_{}_", plain(text)); }

std::string page_head(std::string_view name, int section) {
  return fmt::format("{}({}) \"icloud-milter {}\" \"icloud-milter\"\n\n", name, section,
                     ICM_VERSION);
}
std::string heading(std::string_view text) { return fmt::format("# {}\n\n", text); }
std::string subheading(std::string_view text) { return fmt::format("## {}\n\n", plain(text)); }
std::string paragraph(std::string_view text) { return fmt::format("{}\n\n", text); }

std::string definition(std::string_view term, std::string_view meaning) {
  return meaning.empty() ? paragraph(term) : fmt::format("{}\n\t{}\n\n", term, plain(meaning));
}

std::string footer_paragraphs(std::string_view footer) {
  std::string text;
  std::string filled;
  bool is_literal = false;
  const auto end_paragraph = [&] {
    if (is_literal) text += "```\n\n";
    if (!filled.empty()) text += paragraph(plain(filled));
    is_literal = false;
    filled.clear();
  };
  for (const std::string_view line : split(footer, '\n')) {
    if (line.starts_with("  ")) {
      if (!is_literal) {
        end_paragraph();
        text += "```\n";
        is_literal = true;
      }
      std::string raw(line.substr(2));
      for (std::size_t at = 0; (at = raw.find('\\', at)) != std::string::npos; at += 2) {
        raw.insert(at, "\\");
      }
      text += raw + "\n";
      continue;
    }
    const bool begins =
        line.empty() || line.starts_with("Exit status") || line.starts_with("Example");
    if (begins || is_literal) end_paragraph();
    if (!filled.empty()) filled += ' ';
    filled += line;
  }
  end_paragraph();
  return text;
}

}  // namespace icm::ctl
