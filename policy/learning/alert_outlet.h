// SPDX-License-Identifier: Apache-2.0
//
// AlertOutlet: where alerts go beside the log: a program of the administrator's, and mail.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "policy/base/result.h"
#include "policy/config/replies_config.h"
#include "policy/learning/alerts.h"

namespace icm {

class AlertOutlet {
 public:
  virtual ~AlertOutlet() = default;

  // An Error says who was not told, and why.
  [[nodiscard]] virtual Status send(const AlertText& alert) = 0;
};

// As replies.alerts says. Waits for each program as long as it says there.
class ProgramAlertOutlet final : public AlertOutlet {
 public:
  // `host` is the name of this machine, for the mail.
  // `before_each` is called before each program that is waited for.
  ProgramAlertOutlet(
      AlertsConfig config, std::string host, std::function<void()> before_each = [] {})
      : config_(std::move(config)), host_(std::move(host)), before_each_(std::move(before_each)) {}

  [[nodiscard]] Status send(const AlertText& alert) override;

 private:
  AlertsConfig config_;
  std::string host_;
  std::function<void()> before_each_;
};

// The mail in which an alert is told: RFC 5322, printable ASCII, lines of at most 998 octets.
std::string alert_mail(const AlertText& alert, const AlertsConfig& config, std::string_view host);

}  // namespace icm
