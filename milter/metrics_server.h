// SPDX-License-Identifier: Apache-2.0
//
// MetricsServer: where Prometheus reads a program's figures, over HTTP on this host alone.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "milter/http_server.h"
#include "milter/local_listener.h"
#include "policy/base/result.h"
#include "policy/config/metrics_config.h"

namespace icm {

// GET /metrics, and nothing else. A few scrapes at a time, with a bound on the time and the octets
// of each.
class MetricsServer {
 public:
  // Called from several threads at once.
  using Text = std::function<std::string()>;

  // Whether this host has the user and the group, and the path may be a socket's. Touches nothing.
  // `section` is where milter.conf has it: "metrics".
  [[nodiscard]] static Status check(const MetricsConfig& config, std::string_view section);

  // The Error says which option is wrong, or what cannot be made.
  [[nodiscard]] static Result<std::unique_ptr<MetricsServer>> open(const MetricsConfig& config,
                                                                   std::string_view section,
                                                                   Text text);

  // Takes the path away, and ends the scrapes it has within their time.
  ~MetricsServer();
  MetricsServer(const MetricsServer&) = delete;
  MetricsServer& operator=(const MetricsServer&) = delete;

 private:
  MetricsServer(LocalListener listener, Text text);

  LocalListener listener_;
  HttpServer server_;
};

}  // namespace icm
