// SPDX-License-Identifier: Apache-2.0
//
// FollowerDoor: where the reply follower's figures are read, while it goes on.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "milter/ctl/follower_metrics.h"
#include "milter/metrics_server.h"
#include "policy/base/deadline.h"
#include "policy/base/guarded.h"
#include "policy/config/metrics_config.h"

namespace icm::ctl {

// Used by the follower's thread; who reads the figures has threads of his own, and sees what was
// shown last.
class FollowerDoor {
 public:
  // Shut for good where no address is configured.
  explicit FollowerDoor(MetricsConfig config) : config_(std::move(config)) {}

  void show(FollowerFigures figures);

  // Tries to open it, when that is due: at the first call, and again every ten seconds as long as
  // something is in the way, which is said once.
  void keep_open();

 private:
  std::string text() const;

  MetricsConfig config_;
  Guarded<FollowerFigures> shown_;
  std::optional<Deadline> try_at_;
  std::unique_ptr<MetricsServer> server_;  // reads what is shown until it is gone
};

}  // namespace icm::ctl
