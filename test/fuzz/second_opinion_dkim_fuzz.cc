// SPDX-License-Identifier: Apache-2.0
//
// Any octets as a key record (the first line) and a message: what the guards let through to
// libopendkim harms nobody, and it does not pass what we refuse, nor refuse what we pass.
#include <cstdint>
#include <string>
#include <string_view>

#include "policy/auth/second_opinion.h"
#include "policy/message/field_scanner.h"
#include "test/fuzz/demand.h"
#include "test/fuzz/header_lines.h"
#include "test/fuzz/lines_resolver.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  using icm::demand;
  const std::string_view input(reinterpret_cast<const char*>(octets), size);
  const auto end = std::min(input.find('\n'), input.size());
  icm::LinesResolver resolver(input.substr(0, end), {"s._domainkey.example.com"});
  icm::AuthSources sources(resolver, icm::PublicSuffixList::system());
  const icm::MailText mail = icm::header_lines(input.substr(std::min(end + 1, size)));
  const auto authors = icm::parse_address_list("a@example.com");
  const icm::WallTime now = icm::SystemClock().now();
  const auto deadline = icm::Deadline::in(std::chrono::seconds{5});
  icm::Authenticator authenticator(mail.headers, authors, sources, {.sender = true});
  icm::SecondOpinions opinions(mail.headers, sources);
  for (const std::string_view half : {std::string_view(mail.body).substr(0, mail.body.size() / 2),
                                      std::string_view(mail.body).substr(mail.body.size() / 2)}) {
    authenticator.body(half);
    opinions.body(half);
  }
  const icm::Authentication found = authenticator.finish({}, now, deadline);
  for (std::size_t i = 0; i < found.dkim.size(); ++i) {
    const icm::SecondOpinion opinion = opinions.dkim(i, found.dkim[i], now, deadline);
    demand(opinion.was_asked() || opinion.reason.starts_with("not asked: "), opinion.reason);
    const bool passes = found.dkim[i].status == icm::DkimStatus::pass;
    // What cannot be read here the library may read all the same: it passes over odd octets.
    const bool is_read = found.dkim[i].status != icm::DkimStatus::perm_error;
    if (opinion.was_asked() && is_read)
      demand(passes == (opinion.result == "pass"), found.dkim[i].reason, opinion.reason);
  }
  return 0;
}
