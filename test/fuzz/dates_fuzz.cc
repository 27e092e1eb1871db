// SPDX-License-Identifier: Apache-2.0
//
// A time or span that can be read is written in a form that reads back to the same.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "policy/message/structured.h"
#include "test/fuzz/demand.h"

namespace icm {
namespace {

void check(std::string_view text) {
  if (const auto date = parse_date_time(text)) {
    const std::string written = to_date_time(date->time);
    const auto again = parse_date_time(written);
    // An offset may carry the first days of 1900 into 1899, which no Date can say.
    const bool is_sayable =
        date->time >= WallTime{std::chrono::sys_days{std::chrono::year{1900} / 1 / 1}} &&
        date->time < WallTime{std::chrono::sys_days{std::chrono::year{10000} / 1 / 1}};
    if (is_sayable) {
      demand(again && again->time == date->time, "a date stays the same", written);
      demand(!again->obsolete_syntax && !again->named_zone, "a date is written as of today",
             written);
    }
  } else {
    std::size_t offset = 0;
    demand(std::sscanf(date.error().text.c_str(), "offset %zu:", &offset) == 1 &&
               offset <= text.size(),
           "a place inside the input", date.error().text);
  }
  if (const auto time = parse_time(text)) {
    const std::string written = to_rfc3339(*time);
    const auto again = parse_time(written);
    demand(written.size() != 24 || written.front() == '-' || again == time, "a time stays the same",
           written);
  }
  if (const auto span = parse_span(text)) {
    demand(parse_span(to_span(*span)) == span, "a span stays the same", to_span(*span));
    demand(to_span(*span).size() <= text.size(), "a span is written shortly", to_span(*span));
  }
}

}  // namespace
}  // namespace icm

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  icm::check({reinterpret_cast<const char*>(data), size});
  return 0;
}
