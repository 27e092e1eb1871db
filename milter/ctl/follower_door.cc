// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/follower_door.h"

#include <utility>

#include <fmt/format.h>

#include "milter/ctl/configuration.h"
#include "milter/door_state.h"
#include "milter/signals.h"

namespace icm::ctl {
namespace {

constexpr std::string_view section = "replies.metrics";

}  // namespace

void FollowerDoor::show(FollowerFigures figures) {
  shown_.with([&](FollowerFigures& shown) { shown = std::move(figures); });
}

std::string FollowerDoor::text() const {
  const FollowerFigures figures = shown_.with([](const FollowerFigures& shown) { return shown; });
  return follower_metrics_text(figures, std::chrono::steady_clock::now(), process_figures());
}

void FollowerDoor::keep_open() {
  if (config_.address.empty() || server_ != nullptr) return;
  if (try_at_ && !try_at_->passed()) return;
  const bool was_shut = try_at_.has_value();
  try_at_ = Deadline::in(between_tries_of_door);
  const SignalsBlocked blocked;  // in its threads
  auto server = MetricsServer::open(config_, section, [this] { return text(); });
  if (server) {
    server_ = *std::move(server);
    if (was_shut) complain(fmt::format("{}: open now", section));
  } else if (!was_shut) {
    complain(fmt::format("{}; answers are learnt from, but nobody can read the figures",
                         server.error().text));
  }
}

}  // namespace icm::ctl
