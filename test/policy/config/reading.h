// SPDX-License-Identifier: Apache-2.0
//
// What the tests of the configuration reader share: a text is read, and all it says is compared.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "policy/config/config_reader.h"

namespace icm {

inline const WallTime test_now = parse_time("2026-11-21T08:00:00Z").value();

// All that a person is told of a file with this text: problems with their places, and the last
// line.
inline std::string all_told_of(std::string_view text) {
  const ConfigResult result = read_config_text("milter.conf", text, test_now);
  return report(result ? result->warnings : result.error());
}

// A report without what is told of every file that says nothing of the way out.
inline std::string but_for_egress(std::string text) {
  const std::size_t found = text.find(": warning: egress.addresses: none, so ");
  if (found == std::string::npos) return text;
  const std::size_t begin = text.rfind('\n', found) + 1;  // npos + 1 is the beginning
  return text.erase(begin, text.find('\n', found) + 1 - begin);
}

inline std::string told_of(std::string_view text) { return but_for_egress(all_told_of(text)); }

// The Config of a text that must have no error.
inline Config config_of(std::string_view text) {
  ConfigResult result = read_config_text("milter.conf", text, test_now);
  if (!result) throw std::runtime_error(report(result.error()));
  return std::move(result->config);
}

struct Told {
  std::string_view text;
  std::string_view report;
};

}  // namespace icm
