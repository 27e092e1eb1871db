// SPDX-License-Identifier: Apache-2.0
//
// icloud-milterctl spf: may this address send for this domain?

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "milter/ctl/command.h"
#include "milter/ctl/configuration.h"
#include "milter/ctl/offline_message.h"
#include "milter/ctl/opinion_print.h"
#include "milter/ctl/terminal.h"

namespace icm::ctl {
namespace {

struct Options {
  DnsOption dns;
  ClientOption client;
  bool json = false;
};

// All that is found out about one question.
struct Findings {
  SpfResult result;
  SecondOpinion opinion;
  SpfBudget budget;
  std::vector<SpfLint> lint;
};

void print(const Findings& found) {
  const SpfResult& result = found.result;
  fmt::print("{}: {} ({} of {})\n", to_string(result.status), clean(result.domain),
             to_string(result.identity),
             result.identity == SpfIdentity::helo ? "the HELO name" : "the envelope sender");
  if (!result.mechanism.empty()) fmt::print("  decided by   {}\n", clean(result.mechanism));
  if (!result.problem.empty()) fmt::print("  problem      {}\n", clean(result.problem));
  if (!result.explanation.empty()) fmt::print("  explanation  {}\n", clean(result.explanation));
  fmt::print("  libspf2      {}\n", to_line(found.opinion, agreement(result, found.opinion)));
  print_budget(found.budget, result);
  print_lint(found.lint);
  for (const std::string& step : result.path) fmt::print("  path         {}\n", step);  // is clean
}

nlohmann::ordered_json to_json(const Findings& found) {
  nlohmann::ordered_json json = ctl::to_json(found.result);
  json["second_opinion"] = ctl::to_json(found.opinion, agreement(found.result, found.opinion));
  json["budget"] = ctl::to_json(found.budget, found.result);
  json["lint"] = ctl::to_json(found.lint);
  return json;
}

Exit run(const Options& options) {
  const auto questions = options.client.questions();
  const auto resolver = options.dns.open();
  if (!questions || !resolver) {
    return complain(!questions ? questions.error().text : resolver.error().text, Exit::usage);
  }
  const SpfQuestion question{.client = questions->clients.front(),
                             .helo = questions->helo,
                             .mail_from = questions->mail_from,
                             .receiver = "unknown",
                             .now = SystemClock().now()};
  const Deadline deadline = Deadline::in(offline_deadline);
  Findings found;
  found.result = check_spf(question, **resolver, deadline);
  found.opinion = ask_libspf2(question, **resolver, deadline);
  found.budget = spf_budget(question, **resolver, deadline);
  found.lint = lint_spf(found.budget);
  if (options.json) {
    fmt::print("{}\n",
               to_json(found).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace));
  } else {
    print(found);
  }
  return found.result.status == SpfStatus::pass ? Exit::done : Exit::refused;
}

}  // namespace

void add_spf(CLI::App& app, Chosen& chosen) {
  auto* const command = app.add_subcommand(
      "spf",
      "Says whether an address may send for a domain (RFC 7208), which term decided, what the "
      "record costs, and what receivers stumble on in it.");
  auto options = std::make_shared<Options>();
  options->client.add_to(*command);
  command->get_option("--client-ip")
      ->description("The address the mail comes from, IPv4 or IPv6. Required.")
      ->required();
  options->dns.add_to(*command);
  command->add_flag("--json", options->json, "One JSON object instead of lines for people.");
  command->footer(
      "Exit status: 0 pass, 1 anything else, 2 could not be asked.\n"
      "Example:\n"
      "  icloud-milterctl spf --client-ip 192.0.2.1 --helo mx.example.org --mail-from "
      "a@example.org");
  command->callback([options, &chosen] { chosen = [options] { return run(*options); }; });
}

}  // namespace icm::ctl
