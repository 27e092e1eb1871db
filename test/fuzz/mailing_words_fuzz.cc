// SPDX-License-Identifier: Apache-2.0
//
// Whatever a Subject and a body hold, the words that copies share are words: short, without blanks
// and digits. The first line is the Subject.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "policy/base/text.h"
#include "policy/mailing_words.h"
#include "test/fuzz/demand.h"

namespace icm {
namespace {

void check(std::string_view subject, std::string_view opening) {
  std::size_t octets = 0;
  for_each_shared_word(subject, opening, [&](std::string_view word) {
    octets += word.size();
    demand(!word.empty() && word.size() <= 40, "a short word", word);
    demand(std::none_of(word.begin(), word.end(),
                        [](char c) { return is_digit(c) || c == ' ' || c == '\n' || c == '@'; }),
           "a word without blanks and digits", word);
  });
  demand(octets <= subject.size() + opening.size(), "no more words than there were");
}

}  // namespace
}  // namespace icm

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = std::min(text.find('\n'), size);
  icm::check(text.substr(0, end), text.substr(std::min(end + 1, size)));
  return 0;
}
