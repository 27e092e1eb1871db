// SPDX-License-Identifier: Apache-2.0
#include "policy/learning/alert_outlet.h"

#include <fmt/format.h>

#include "policy/base/program.h"
#include "policy/base/text.h"

namespace icm {
namespace {

constexpr std::size_t longest_line = 900;  // RFC 5322 §2.1.1 has 998

}  // namespace

std::string alert_mail(const AlertText& alert, const AlertsConfig& config, std::string_view host) {
  const std::string from = config.mail_from.empty() ? config.mail_to.front() : config.mail_from;
  // RFC 3834 §5: no program shall answer it.
  std::string mail = fmt::format(
      "From: {}\nTo: {}\nSubject: {}\nAuto-Submitted: auto-generated\nMIME-Version: 1.0\n"
      "Content-Type: text/plain; charset=us-ascii\n\n",
      from, fmt::join(config.mail_to, ",\n "), excerpt(alert.title, 200));
  for (std::string_view line : split(alert.body, '\n')) {
    while (line.size() > longest_line) {
      mail += fmt::format("{}\n", line.substr(0, longest_line));
      line.remove_prefix(longest_line);
    }
    // A lone dot ends the input of some programs.
    mail += fmt::format("{}{}\n", line == "." ? " " : "", line);
  }
  return mail + fmt::format("-- \nicloud-milterctl replies follow on {}\n", for_log(host));
}

Status ProgramAlertOutlet::send(const AlertText& alert) {
  before_each_();
  Status done = run_program(config_.command, alert.title + "\n\n" + alert.body, config_.timeout);
  if (config_.mail_to.empty()) return done;
  before_each_();
  const Status mailed = run_program({config_.sendmail, "-i", "-t"},
                                    alert_mail(alert, config_, host_), config_.timeout);
  if (mailed) return done;
  if (done) return mailed;
  return fail(Code::config, fmt::format("{}; {}", done.error().text, mailed.error().text));
}

}  // namespace icm
