// SPDX-License-Identifier: Apache-2.0
//
// Options that take one of a few words.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace icm::ctl {

// Refuses any other word: "expected gate or direct, got "gaet"; did you mean "gate"?". The words
// stand in the option's type, as CLI::IsMember writes them, for completion.
CLI::Validator one_of(std::vector<std::string> words);

}  // namespace icm::ctl
