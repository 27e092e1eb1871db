// SPDX-License-Identifier: Apache-2.0
//
// What somebody changed in a block of ours since it was written, but for what is there to be
// changed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "milter/ctl/postfix/insertion.h"

namespace icm::ctl::postfix {

// Comments that stand at the top of a block and say what may be changed in it.
std::string_view tuning_hint(File file);

// The names of entries: "transport_maps", "icloud-gate unix".
std::string entry_name(File file, std::string_view line);

// Words such as "smtpd_milters is changed", one for each entry that is not as `ours` has it. Those
// that the hint gives free may differ, a value of main.cf may have more in it, and comments and
// blanks are nobody's business. `rest` is the
// file without the block: "postconf -P" puts a service behind the comments that follow it, which
// may be outside.
std::vector<std::string> edits_of(std::string_view block, std::string_view rest, File file,
                                  std::string_view ours);

// `rest` without the services of ours that are there and not in the block.
std::string without_moved(std::string_view rest, std::string_view block, File file,
                          std::string_view ours);

}  // namespace icm::ctl::postfix
