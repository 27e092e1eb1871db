// SPDX-License-Identifier: Apache-2.0
//
// icloud-milterctl doctor: the whole chain from Postfix to Apple, looked at. What is looked at is
// in doctor/.
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "milter/ctl/command.h"
#include "milter/ctl/configuration.h"
#include "milter/ctl/dns_option.h"
#include "milter/ctl/doctor/examination.h"
#include "milter/ctl/doctor/print.h"
#include "milter/ctl/one_of.h"
#include "milter/ctl/terminal.h"
#include "policy/base/text.h"
#include "policy/dns/zone_resolver.h"
#include "policy/organization.h"

namespace icm::ctl {
namespace {

struct Options {
  DnsOption dns;
  doctor::Request request;
  bool everything = false;
  bool json = false;
  bool list = false;
};

Status check(const doctor::Questions& questions) {
  for (const auto& [option, names] :
       {std::pair{"--domain", &questions.domains}, std::pair{"--selector", &questions.selectors},
        std::pair{"--blocklist", &questions.blocklists}}) {
    for (const std::string& name : *names) {
      if (!domain_name(name).empty()) continue;
      return fail(Code::syntax,
                  fmt::format("{}: expected a DNS name, got \"{}\"", option, for_log(name)));
    }
  }
  return {};
}

Exit run(Options options) {
  if (options.list) {
    fmt::print("{}", doctor::catalogue_table());
    return Exit::done;
  }
  if (const Status fault = check(options.request.questions); !fault) {
    return complain(fault.error().text, Exit::usage);
  }
  options.request.config = options.dns.config;
  options.request.is_hermetic = options.dns.zone.has_value();
  Progress line("areas examined", doctor::areas().size());
  const auto examine = [&](Resolver& resolver) {
    return doctor::examine(options.request, resolver, SystemClock().now(),
                           [&](std::string_view, std::size_t done) { line.at(done); });
  };
  doctor::Diagnoses diagnoses;
  if (const auto resolver = options.dns.open()) {
    diagnoses = examine(**resolver);
  } else {
    // A configuration that cannot be read is a finding; anything else is a wrong command line.
    if (!options.dns.zone && !load_configuration(options.dns.config)) {
      ZoneResolver nothing;
      diagnoses = examine(nothing);
    }
    if (diagnoses.empty()) return complain(resolver.error().text, Exit::usage);
  }
  line.stand_aside();
  const auto detail = options.everything ? doctor::Detail::everything : doctor::Detail::problems;
  fmt::print("{}", options.json ? doctor::json_lines(diagnoses)
                                : doctor::print(diagnoses, detail, Terminal::of(stdout)));
  return doctor::is_healthy(diagnoses) ? Exit::done : Exit::refused;
}

void add_names(CLI::App& command, const std::string& option, std::vector<std::string>& names,
               const std::string& placeholder, const std::string& help) {
  command.add_option(option, names, help)->option_text(placeholder)->allow_extra_args(false);
}

}  // namespace

void add_doctor(CLI::App& app, Chosen& chosen) {
  CLI::App* command = app.add_subcommand(
      "doctor",
      "Looks at the whole chain: Postfix's wiring, the daemon, the way out, each sending domain in "
      "the DNS, the store, the keys. Says what is wrong, what follows, and what to do about it.");
  const auto options = std::make_shared<Options>();
  std::vector<std::string> names;
  for (const std::string_view area : doctor::areas()) names.emplace_back(area);
  command
      ->add_option("--only", options->request.areas,
                   fmt::format("Look at this area alone; give it once for each. One of {}.",
                               fmt::join(names, ", ")))
      ->option_text("AREA")
      ->allow_extra_args(false)
      ->check(one_of(names));
  doctor::Questions& questions = options->request.questions;
  add_names(*command, "--domain", questions.domains, "DOMAIN",
            "A domain that mail is sent from; give it once for each. Those that streams declare, "
            "and those of the end of the decision log, are looked at in any case.");
  add_names(*command, "--selector", questions.selectors, "NAME",
            "A DKIM selector in use, for every domain, or as NAME._domainkey.DOMAIN for one; give "
            "it once for each. Default: no DKIM key is looked at.");
  add_names(*command, "--blocklist", questions.blocklists, "ZONE",
            "A DNS block list to ask for the addresses that mail leaves by; give it once for each. "
            "Default: none is asked.");
  command
      ->add_option("--postfix-config", questions.postfix_directory,
                   "The configuration directory of Postfix. Default: the only instance there is.")
      ->option_text("DIR");
  options->dns.add_to(*command);
  command->add_flag("--all", options->everything, "Also what is as it should be.");
  command->add_flag("--json", options->json,
                    "One JSON object a line for each finding, also for what is as it should be: "
                    "id, area, grade, subject, found, follows, remedy.");
  command->add_flag("--list", options->list,
                    "Everything that can be found, as a table in Markdown; looks at nothing.");
  command->footer(
      "Run it as root: only root can try the socket as Postfix's user. Nothing is changed, no mail "
      "is sent.\n"
      "Exit status: 0 healthy (notes at most), 1 something is wrong, 2 usage.\n"
      "Example:\n"
      "  icloud-milterctl doctor --domain shop.example --selector news");
  command->callback([options, &chosen] { chosen = [options] { return run(*options); }; });
}

}  // namespace icm::ctl
