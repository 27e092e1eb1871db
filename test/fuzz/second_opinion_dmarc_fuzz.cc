// SPDX-License-Identifier: Apache-2.0
//
// Any octets as a DMARC record and as the names of an author and of what passed, one line each:
// what the guards let through to libopendmarc passes for both of us or fails for both, by either
// standard. (Of what cannot be read one may say none or permerror and the other fail: that is
// `disputed`, not a contradiction.)
#include <cstdint>
#include <string>
#include <string_view>

#include "policy/auth/second_opinion.h"
#include "test/fuzz/demand.h"
#include "test/fuzz/lines_resolver.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  using icm::demand;
  auto lines = icm::split(std::string_view(reinterpret_cast<const char*>(octets), size), '\n');
  lines.resize(4);
  icm::LinesResolver resolver(lines[0], {"_dmarc.example.com"});
  icm::AuthSources sources(resolver, icm::PublicSuffixList::system());
  const auto authors = icm::parse_address_list("a@" + std::string(lines[1]) + "example.com");
  icm::SpfResult spf;
  spf.status = icm::SpfStatus::pass;
  spf.domain = std::string(lines[2]);
  std::vector<icm::DkimResult> signatures(1);
  signatures[0].status = icm::DkimStatus::pass;
  const auto signing = icm::Domain::parse(lines[3]);
  signatures[0].domain = signing ? signing->text() : "example.net";
  const icm::DmarcInput input{authors, spf, signatures};
  const auto deadline = icm::Deadline::in(std::chrono::seconds{5});
  const icm::DmarcResult ours = check_dmarc(input, sources.dmarc, sources.suffixes, deadline);
  for (const auto standard : {icm::DmarcStandard::rfc9989, icm::DmarcStandard::rfc7489}) {
    const icm::SecondOpinion opinion = ask_libopendmarc(input, ours, standard, sources, deadline);
    demand(opinion.was_asked() || opinion.reason.starts_with("not asked: "), opinion.reason);
    if (opinion.was_asked()) {
      const std::string_view result = to_string(ours.by(standard).status);
      const bool is_contradiction = (result == "pass" && opinion.result == "fail") ||
                                    (result == "fail" && opinion.result == "pass");
      demand(!is_contradiction, ours.by(standard).reason, opinion.result + " " + opinion.reason);
    }
  }
  return 0;
}
