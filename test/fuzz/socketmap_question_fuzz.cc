// SPDX-License-Identifier: Apache-2.0
//
// Questions of a socketmap client. What comes in pieces must be taken as if it came whole, no more
// may be held than one question has, and what is refused must be refused in words that are safe.
#include <cstdint>
#include <string>

#include "milter/socketmap_protocol.h"
#include "policy/base/text.h"
#include "test/fuzz/demand.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  std::string whole(reinterpret_cast<const char*>(octets), size);
  const std::string before = whole;
  const auto taken = icm::take_question(whole);
  if (!taken) {
    icm::demand(icm::is_printable(taken.error().text), "words that are not safe to print",
                taken.error().text);
    return 0;
  }
  if (!*taken) {
    icm::demand(whole == before, "octets were taken of what is not whole", before);
    icm::demand(size <= icm::longest_socketmap_text + 5, "more is waited for than may come",
                before);
    return 0;
  }
  std::string piece;
  for (std::size_t i = 0; i < before.size() - whole.size(); ++i) {
    const auto early = icm::take_question(piece);
    icm::demand(early && !*early, "a piece was taken for a whole", piece);
    piece += before[i];
  }
  const auto again = icm::take_question(piece);
  icm::demand(again && *again && **again == **taken && piece.empty(), "read as something else",
              before);
  return 0;
}
