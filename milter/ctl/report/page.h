// SPDX-License-Identifier: Apache-2.0
//
// A report as one page of HTML that needs nothing else: no script, no font, no image, nothing from
// a network. It is read in light and dark, on paper, on a telephone, and by those who listen to it.
#pragma once

#include <string>

#include "milter/ctl/report/facts.h"

namespace icm::ctl::report {

// How every such page begins; what begins otherwise is none.
inline constexpr std::string_view page_begin =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"generator\" content=\"icloud-milterctl report\">\n";

std::string page(const ReportFacts& facts);

}  // namespace icm::ctl::report
