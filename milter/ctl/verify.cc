// SPDX-License-Identifier: Apache-2.0
//
// icloud-milterctl verify: SPF, DKIM, DMARC and ARC of a message file, as a receiver sees them.

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "milter/ctl/command.h"
#include "milter/ctl/configuration.h"
#include "milter/ctl/offline_message.h"
#include "milter/ctl/one_of.h"
#include "milter/ctl/opinion_print.h"
#include "milter/ctl/terminal.h"

namespace icm::ctl {
namespace {

using nlohmann::ordered_json;

struct Options {
  DnsOption dns;
  ClientOption client;
  std::string message;
  std::string now;
  std::string dmarc = "rfc9989";
  bool json = false;

  DmarcStandard standard() const {
    return dmarc == "rfc9989" ? DmarcStandard::rfc9989 : DmarcStandard::rfc7489;
  }
};

// What the libraries say to each result.
struct Opinions {
  SecondOpinion spf = SecondOpinion::not_asked("no --client-ip was given");
  std::vector<SecondOpinion> dkim;
  SecondOpinion rfc9989;
  SecondOpinion rfc7489;

  const SecondOpinion& dmarc(DmarcStandard standard) const {
    return standard == DmarcStandard::rfc9989 ? rfc9989 : rfc7489;
  }
};

Opinions ask(AuthenticatedMessage& message, const Authentication& found,
             const SpfQuestions& questions, WallTime now, Deadline deadline) {
  Opinions opinions;
  if (!questions.clients.empty()) {
    opinions.spf = message.opinions().spf({.client = questions.clients.front(),
                                           .helo = questions.helo,
                                           .mail_from = questions.mail_from,
                                           .receiver = questions.receiver,
                                           .now = now},
                                          deadline);
  }
  for (std::size_t i = 0; i < found.dkim.size(); ++i)
    opinions.dkim.push_back(message.opinions().dkim(i, found.dkim[i], now, deadline));
  const SpfResult spf = found.weakest_spf();
  const DmarcInput input{message.authors(), spf, found.dkim};
  for (const auto standard : {DmarcStandard::rfc9989, DmarcStandard::rfc7489}) {
    auto& opinion = standard == DmarcStandard::rfc9989 ? opinions.rfc9989 : opinions.rfc7489;
    opinion = message.opinions().dmarc(input, found.dmarc, standard, deadline);
  }
  return opinions;
}

ordered_json to_json(const DkimResult& result, const HeaderList& headers) {
  ordered_json json = {{"result", to_string(result.status)},
                       {"domain", result.domain},
                       {"selector", result.selector}};
  json["reason"] = result.reason;
  if (!result.tags) return json;
  json["identity"] = result.tags->identity;
  json["algorithm"] = to_string(result.tags->algorithm);
  json["key_bits"] = result.key_bits;
  json["testing"] = result.testing;
  json["canonicalization"] =
      fmt::format("{}/{}", to_string(result.tags->header_form), to_string(result.tags->body_form));
  json["body_partly_signed"] = result.leaves_body_uncovered();
  ordered_json coverage = ordered_json::object();
  for (const std::string& field : result.tags->fields) {
    const FieldCoverage covered = result.coverage(headers, field);
    coverage[field] = {{"present", covered.present},
                       {"named", covered.named},
                       {"oversigned", covered.oversigned()}};
  }
  json["coverage"] = coverage;
  return json;
}

ordered_json to_json(const DmarcVerdict& verdict, const std::string& author) {
  ordered_json json = {{"result", to_string(verdict.status)}};
  json["policy"] = to_string(verdict.policy.value_or(DmarcPolicy::none));
  json["domain"] = author;
  json["record_domain"] = verdict.record_domain;
  json["organizational_domain"] = verdict.organizational_domain;
  json["testing"] = verdict.testing;
  json["spf_aligned"] = verdict.spf_aligned;
  json["dkim_aligned"] = verdict.dkim_aligned;
  json["reason"] = verdict.reason;
  return json;
}

ordered_json to_json(const ArcResult& result) {
  // RFC 8617 §4.4 has three words; what could not be found out is no pass.
  const bool temporary = result.status == ArcStatus::temp_error;
  ordered_json json = {{"result", to_string(temporary ? ArcStatus::fail : result.status)},
                       {"instance", result.instance}};
  json["temporary"] = temporary;
  json["oldest_pass"] = result.oldest_pass;
  json["reason"] = result.reason;
  json["sealers"] = ordered_json::array();
  for (const ArcSealer& sealer : result.sealers) {
    json["sealers"].push_back(
        {{"instance", sealer.instance}, {"domain", sealer.domain}, {"selector", sealer.selector}});
  }
  return json;
}

ordered_json dmarc_report(DmarcStandard standard, const Authentication& found,
                          const Opinions& opinions) {
  const DmarcVerdict& verdict = found.dmarc.by(standard);
  const SecondOpinion& opinion = opinions.dmarc(standard);
  ordered_json json = to_json(verdict, found.dmarc.author_domain);
  json["second_opinion"] = ctl::to_json(opinion, agreement(verdict, opinion));
  return json;
}

ordered_json report(const Options& options, const Authentication& found, const HeaderList& headers,
                    const Opinions& opinions) {
  ordered_json json;
  const SpfResult spf = found.weakest_spf();
  json["spf"] = ctl::to_json(spf);
  json["spf"]["second_opinion"] = ctl::to_json(opinions.spf, agreement(spf, opinions.spf));
  json["dkim"] = ordered_json::array();
  for (std::size_t i = 0; i < found.dkim.size(); ++i) {
    json["dkim"].push_back(to_json(found.dkim[i], headers));
    json["dkim"].back()["second_opinion"] =
        ctl::to_json(opinions.dkim[i], agreement(found.dkim[i], opinions.dkim[i]));
  }
  json["dmarc"] = dmarc_report(options.standard(), found, opinions);
  const DmarcStandard other = options.standard() == DmarcStandard::rfc9989 ? DmarcStandard::rfc7489
                                                                           : DmarcStandard::rfc9989;
  json["dmarc"]["standard"] = to_string(options.standard());
  json["dmarc"][to_string(other)] = dmarc_report(other, found, opinions);
  json["dmarc"]["standards_differ"] = found.dmarc.standards_differ();
  json["arc"] = to_json(found.arc);
  return json;
}

void print_line(std::string_view method, std::string_view result, std::string_view subject,
                std::string_view reason) {
  fmt::print("{:<6} {:<10} {}{}\n", method, result, clean(subject),
             reason.empty() ? "" : "  " + clean(reason));
}

void print_opinion(std::string_view library, const SecondOpinion& opinion, Agreement agreement) {
  fmt::print("       {:<12}  {}\n", library, to_line(opinion, agreement));
}

void print(const Options& options, const Authentication& found, const Opinions& opinions) {
  const SpfResult spf = found.weakest_spf();
  print_line("spf", to_string(spf.status), spf.domain, spf.problem);
  print_opinion("libspf2", opinions.spf, agreement(spf, opinions.spf));
  if (found.dkim.empty()) print_line("dkim", "none", "no signature", "");
  for (std::size_t i = 0; i < found.dkim.size(); ++i) {
    const DkimResult& signature = found.dkim[i];
    print_line(
        "dkim", to_string(signature.status),
        fmt::format("d={} s={}{}", signature.domain, signature.selector,
                    signature.key_bits > 0 ? fmt::format(" {} bits", signature.key_bits) : ""),
        signature.reason);
    print_opinion("libopendkim", opinions.dkim[i], agreement(signature, opinions.dkim[i]));
  }
  const DmarcVerdict& dmarc = found.dmarc.by(options.standard());
  print_line("dmarc", to_string(dmarc.status),
             fmt::format("{} p={}", found.dmarc.author_domain,
                         to_string(dmarc.policy.value_or(DmarcPolicy::none))),
             dmarc.reason);
  const SecondOpinion& opinion = opinions.dmarc(options.standard());
  print_opinion("libopendmarc", opinion, agreement(dmarc, opinion));
  if (found.dmarc.standards_differ()) {
    fmt::print("       warning: RFC 9989 says {}, RFC 7489 says {}; receivers may do either\n",
               to_string(found.dmarc.rfc9989.status), to_string(found.dmarc.rfc7489.status));
  }
  print_line("arc", to_string(found.arc.status), fmt::format("{} sets", found.arc.instance),
             found.arc.reason);
}

Exit run(const Options& options) {
  const auto stop = [](Exit exit, const Error& error) { return complain(error.text, exit); };
  const auto now = time_or_now(options.now);
  if (!now) return stop(Exit::usage, now.error());
  const auto questions = options.client.questions();
  if (!questions) return stop(Exit::usage, questions.error());
  const auto resolver = options.dns.open();
  if (!resolver) return stop(Exit::usage, resolver.error());
  AuthSources sources(**resolver, PublicSuffixList::system());
  AuthenticatedMessage message(sources);
  if (const Status read = message.read(options.message); !read)
    return stop(Exit::usage, read.error());
  const Deadline deadline = Deadline::in(offline_deadline);
  const Authentication found = message.finish(*questions, *now, deadline);
  const Opinions opinions = ask(message, found, *questions, *now, deadline);
  if (options.json) {
    const auto text = report(options, found, message.headers(), opinions);
    fmt::print("{}\n", text.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace));
  } else {
    print(options, found, opinions);
  }
  return found.dmarc.by(options.standard()).status == DmarcStatus::pass ? Exit::done
                                                                        : Exit::refused;
}

}  // namespace

void add_verify(CLI::App& app, Chosen& chosen) {
  auto* const command =
      app.add_subcommand("verify",
                         "Authenticates a message file as a receiver does: SPF, DKIM, DMARC and "
                         "ARC, with the second opinions of the libraries.");
  auto options = std::make_shared<Options>();
  command->add_option("MESSAGE", options->message, std::string(message_option_help))
      ->option_text(" ")
      ->required();
  options->client.add_to(*command);
  options->dns.add_to(*command);
  command
      ->add_option("--now", options->now,
                   "Judges expiry as at this time: 2026-11-21T08:15:30Z or @1763712930. Default: "
                   "now.")
      ->option_text("TIME");
  command
      ->add_option("--dmarc", options->dmarc,
                   "Which DMARC verdict is the result: rfc9989 or rfc7489. The other one is given "
                   "beside it. Default: rfc9989.")
      ->option_text("RFC")
      ->check(one_of({"rfc9989", "rfc7489"}));
  command->add_flag("--json", options->json, "One JSON object instead of lines for people.");
  command->footer(
      "Exit status: 0 DMARC passes, 1 anything else, 2 could not be asked.\n"
      "Example:\n"
      "  icloud-milterctl verify m.eml --client-ip 192.0.2.1 --helo mx.example.org --mail-from "
      "a@example.org");
  command->callback([options, &chosen] { chosen = [options] { return run(*options); }; });
}

}  // namespace icm::ctl
