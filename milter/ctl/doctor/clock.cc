// SPDX-License-Identifier: Apache-2.0
//
// The doctor on the clock: whether the kernel is told by anybody what time it is. Signatures expire
// by it, and a Date ahead of Apple's clock is a sign of spam.
#include <cerrno>
#include <system_error>

#include <fmt/format.h>
#include <sys/timex.h>
#include <unistd.h>

#include "milter/ctl/doctor/context.h"

namespace icm::ctl::doctor {
namespace {

// systemd-timesyncd leaves it when it has set the clock (systemd-timesyncd.service(8)); in a
// container it may be all that there is to see.
constexpr const char* timesyncd_mark = "/run/systemd/timesync/synchronized";

}  // namespace

Diagnoses examine_clock(const Context&, Deadline) {
  timex state{};  // modes 0: ask, change nothing (adjtimex(2))
  const int result = ::adjtimex(&state);
  if (result < 0) {
    return {found("clock.unknown", {}, std::generic_category().message(errno))};
  }
  const bool is_synchronised = result != TIME_ERROR && (state.status & STA_UNSYNC) == 0;
  if (is_synchronised) {
    return {found("clock.synchronised", {},
                  fmt::format("the kernel says so; off by {} ms at most", state.maxerror / 1000))};
  }
  if (::access(timesyncd_mark, F_OK) == 0) {
    return {found("clock.synchronised", {}, "systemd-timesyncd has set it")};
  }
  return {found("clock.unsynchronised", {}, "the kernel says that nobody sets it (STA_UNSYNC)")};
}

}  // namespace icm::ctl::doctor
