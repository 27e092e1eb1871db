// SPDX-License-Identifier: Apache-2.0
//
// What the doctor found, for people and for programs; and all that it can find, for its page.
#pragma once

#include <string>

#include "milter/ctl/doctor/diagnosis.h"
#include "milter/ctl/terminal.h"

namespace icm::ctl::doctor {

enum class Detail { problems, everything };  // whether what is as it should be is printed, too

// The worst first in each area, every line clean; the last says how it is as a whole.
std::string print(const Diagnoses& diagnoses, Detail detail, const Terminal& terminal);

// One JSON object a line: id, area, grade, subject, found, follows, remedy.
std::string json_lines(const Diagnoses& diagnoses);

// The catalogue as the table of README.md, Markdown.
std::string catalogue_table();

}  // namespace icm::ctl::doctor
