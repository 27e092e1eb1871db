// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/report/page.h"

#include <fmt/format.h>

#include "milter/ctl/html.h"
#include "milter/ctl/report/page_parts.h"
#include "milter/ctl/report/words.h"
#include "milter/ctl/terminal.h"
#include "policy/base/text.h"

namespace icm::ctl::report {
namespace {

constexpr std::size_t longest_text = 400;

// Nothing but the style above is ever fetched or run, whatever got into the page.
constexpr std::string_view head_fields =
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
    "'unsafe-inline'\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<meta name=\"color-scheme\" content=\"light dark\">\n"
    "<meta name=\"robots\" content=\"noindex\">\n"
    "<meta name=\"referrer\" content=\"no-referrer\">\n";

std::string notices_of(const RepliesFacts& replies) {
  if (replies.notices.empty()) return {};
  std::string list = "<ul>";
  for (const std::string& notice : replies.notices) list += "<li>" + html(notice) + "</li>\n";
  return section("notices", "What needs a person", list + "</ul>\n");
}

std::string about(const ReportFacts& facts) {
  std::string list = "<ul>";
  for (const std::string& one : remarks(facts)) list += "<li>" + escaped_html(one) + "</li>\n";
  return section("about", "About these numbers", list + "</ul>\n");
}

}  // namespace

std::string html(std::string_view text) { return escaped_html(for_log(text, longest_text)); }

std::string number(std::uint64_t value) {
  return value == 0 ? "<span class=\"zero\">0</span>" : grouped(value);
}

std::string section(std::string_view id, std::string_view title, const std::string& body) {
  return fmt::format("<section aria-labelledby=\"{0}\">\n<h2 id=\"{0}\">{1}</h2>\n{2}</section>\n",
                     id, title, body);
}

std::string paragraph(std::string_view style, const std::string& html) {
  return style.empty() ? fmt::format("<p>{}</p>\n", html)
                       : fmt::format("<p class=\"{}\">{}</p>\n", style, html);
}

HtmlTable::HtmlTable(std::string_view caption, std::vector<TableColumn> columns)
    : columns_(std::move(columns)) {
  text_ = fmt::format(
      "<div class=\"wide\" role=\"region\" aria-label=\"{0}\" tabindex=\"0\"><table>\n"
      "<caption>{0}</caption>\n<thead><tr>",
      caption);
  for (const TableColumn& column : columns_) {
    text_ += fmt::format("<th scope=\"col\"{}>{}</th>", column.is_number ? " class=\"n\"" : "",
                         column.title);
  }
  text_ += "</tr></thead>\n<tbody>\n";
}

void HtmlTable::add(const std::vector<std::string>& cells) {
  ++rows_;
  text_ += "<tr>";
  for (std::size_t i = 0; i < columns_.size() && i < cells.size(); ++i) {
    const std::string_view style = columns_[i].is_number ? " class=\"n\"" : "";
    text_ += i == 0 ? fmt::format("<th scope=\"row\"{}>{}</th>", style, cells[i])
                    : fmt::format("<td{}>{}</td>", style, cells[i]);
  }
  text_ += "</tr>\n";
}

std::string HtmlTable::take() && { return std::move(text_) + "</tbody></table></div>\n"; }

std::string page(const ReportFacts& facts) {
  const std::string host = html(facts.host);
  const std::string title =
      host.empty() ? std::string("Mail to Apple") : fmt::format("Mail to Apple from {}", host);
  std::string lead;
  for (const std::string& sentence : lede(facts.log)) {
    lead += (lead.empty() ? "" : " ") + escaped_html(sentence);
  }
  std::string text(page_begin);
  text += head_fields;
  text += fmt::format("<title>{}, {}</title>\n<style>{}</style>\n</head>\n<body>\n", title,
                      span_words(facts.log.now), page_style);
  text += fmt::format("<header>\n<h1>Mail to Apple</h1>\n<p class=\"span\">{}{}</p>\n",
                      host.empty() ? "" : host + "<br>", span_words(facts.log.now));
  text += paragraph("lede", lead) + "</header>\n<main>\n";
  text += notices_of(facts.replies);
  text += volumes_section(facts.log);
  text += rules_section(facts.log);
  text += senders_section(facts.log);
  text += answers_section(facts);
  text += throttle_section(facts.throttle);
  text += about(facts);
  return text + "</main>\n</body>\n</html>\n";
}

}  // namespace icm::ctl::report
