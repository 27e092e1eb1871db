// SPDX-License-Identifier: Apache-2.0
//
// Lines of the control socket. What is read must be written as the same line, or as one that means
// the same; what is refused must be refused in words that are safe to print.
#include <cstdint>
#include <string_view>

#include "milter/control_protocol.h"
#include "policy/base/text.h"
#include "test/fuzz/demand.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  const std::string_view line(reinterpret_cast<const char*>(octets), size);
  const auto request = icm::parse_control_request(line);
  if (!request) {
    icm::demand(icm::is_printable(request.error().text), "words that are not safe to print",
                request.error().text);
    return 0;
  }
  const auto again = icm::parse_control_request(icm::to_line(*request));
  icm::demand(again && *again == *request, "read back as something else", icm::to_line(*request));
  return 0;
}
