// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/one_of.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "policy/base/text.h"

namespace icm::ctl {
namespace {

// "accept, defer or reject"
std::string listed(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
    text += words[i];
  }
  return text;
}

}  // namespace

CLI::Validator one_of(std::vector<std::string> words) {
  std::string type = fmt::format("{{{}}}", fmt::join(words, ","));
  return {[words = std::move(words)](std::string& given) -> std::string {
            if (std::ranges::find(words, given) != words.end()) return {};
            const auto meant = nearest(given, {words.begin(), words.end()});
            return fmt::format("expected {}, got \"{}\"{}", listed(words), for_log(given, 80),
                               meant ? fmt::format("; did you mean \"{}\"?", *meant) : "");
          },
          std::move(type)};
}

}  // namespace icm::ctl
