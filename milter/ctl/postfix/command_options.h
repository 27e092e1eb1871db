// SPDX-License-Identifier: Apache-2.0
//
// What the words of icloud-milterctl postfix are given.
#pragma once

#include <string>

#include "milter/ctl/command.h"
#include "milter/ctl/postfix/site_reader.h"

namespace icm::ctl::postfix {

struct PostfixOptions {
  std::string config;            // milter.conf
  std::string config_directory;  // of the instance
  int gate_port = 10027;
  bool without_arrival = false;
  bool all = false;
  bool yes = false;
  bool unproved = false;
  bool dry_run = false;
  bool json = false;

  WiringOptions wiring() const {
    return {.has_arrival = !without_arrival, .gate_port = static_cast<std::uint16_t>(gate_port)};
  }
};

Exit show_plan(const PostfixOptions& options);
Exit enable(const PostfixOptions& options);
Exit disable(const PostfixOptions& options);
Exit show_status(const PostfixOptions& options);

// "icloud-milterctl: text" and the exit status that suits the Error.
Exit complain_of(const Error& error);

// What is shown of a plan that has conflicts.
enum class OfConflict { everything, reasons_alone };

// A plan for a person, safe to print: lines and notes, or why nothing can be done, which is last.
std::string plan_text(const Site& site, const Plan& plan, OfConflict what);
std::string plan_json(const Site& site, const Plan& plan);

// A file's lines, safe to print, each cut where it is longer than anybody reads.
std::string clean_lines(std::string_view text);

}  // namespace icm::ctl::postfix
