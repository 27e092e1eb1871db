// SPDX-License-Identifier: Apache-2.0
//
// The few forms of scdoc(5) that the manual pages are made of.
#pragma once

#include <string>
#include <string_view>

namespace icm::ctl {

// `text` as it is, whatever scdoc would take its characters for.
std::string plain(std::string_view text);
std::string bold(std::string_view text);
std::string underlined(std::string_view text);

// The first line of a page; `section` is its chapter of the manual.
std::string page_head(std::string_view name, int section);
std::string heading(std::string_view text);
std::string subheading(std::string_view text);

// One paragraph; `text` is scdoc already.
std::string paragraph(std::string_view text);

// A term, and below it, moved to the right, what it means; `term` is scdoc already, `meaning`
// plain.
std::string definition(std::string_view term, std::string_view meaning);

// The lines below --help as paragraphs: what is indented there stays as it is, the rest is filled.
std::string footer_paragraphs(std::string_view footer);

}  // namespace icm::ctl
