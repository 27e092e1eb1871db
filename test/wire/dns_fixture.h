// SPDX-License-Identifier: Apache-2.0
//
// The real daemon at the gate, with authentication on and name servers of the test: senders that
// publish all that Apple asks for, and mail signed by them.
#pragma once

#include <chrono>
#include <future>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "policy/auth/crypto.h"
#include "policy/base/clock.h"
#include "policy/base/name_server.h"
#include "test/support/nsd_process.h"
#include "test/support/signed_mail.h"
#include "test/wire/wire_fixture.h"

namespace icm {

class DnsTest : public WireTest {
 protected:
  using Time = std::chrono::steady_clock;

  // One key for everybody.
  static const PrivateKey& key() {
    static const PrivateKey made = PrivateKey::generate(KeyType::rsa).value();
    return made;
  }

  // What `domain` publishes, and with `sender` its envelope sender's domain: SPF by two more
  // lookups, a key, DMARC.
  static void publish(nlohmann::json& zone, const std::string& domain) {
    zone["spf." + domain]["TXT"] = {"v=spf1 ip4:192.0.2.7 -all"};
    zone["mail." + domain]["A"] = {"198.51.100.1"};
    zone[domain]["TXT"] = {fmt::format("v=spf1 mx a:mail.{0} include:spf.{0} -all", domain)};
    zone[domain]["MX"] = nlohmann::json::array({nlohmann::json::array({10, "mail." + domain})});
    zone["sel._domainkey." + domain]["TXT"] = {dkim_record(key())};
    zone["_dmarc." + domain]["TXT"] = {"v=DMARC1; p=reject"};
  }

  // Our host and address, which lead to each other.
  static void publish_host(nlohmann::json& zone) {
    zone["out.ours.example"]["A"] = {"192.0.2.7"};
    zone["7.2.0.192.in-addr.arpa"]["PTR"] = {"out.ours.example"};
  }

  // The same for nsd: everything in these zones.
  static Zones zones_of(const nlohmann::json& zone) {
    Zones zones;
    for (const auto& [name, types] : zone.items()) {
      std::string& records = zones[name.ends_with(".arpa") ? "in-addr.arpa" : "example"];
      for (const auto& [type, values] : types.items()) {
        for (const nlohmann::json& value : values) {
          const std::string text = value.is_array() ? fmt::format("{} {}.", value[0].get<int>(),
                                                                  value[1].get<std::string>())
                                   : type == "TXT"  ? in_strings(value.get<std::string>())
                                   : type == "PTR"  ? value.get<std::string>() + "."
                                                    : value.get<std::string>();
          records += fmt::format("{}. {} {}\n", name, type, text);
        }
      }
    }
    return zones;
  }

  // A TXT record's character-strings.
  static std::string in_strings(std::string_view text) {
    constexpr std::size_t longest = 255;
    std::string strings;
    for (; !text.empty(); text.remove_prefix(std::min(longest, text.size()))) {
      strings += fmt::format(" \"{}\"", text.substr(0, longest));
    }
    return strings;
  }

  // The gate, asking `server`. `on_error` is what the policies do in doubt; `settings` is YAML at
  // the top level.
  void configure_dns(const NameServer& server, std::string_view on_error = "defer",
                     std::string_view settings = {}, std::string_view dns = {}) {
    configure(
        fmt::format("egress: {{addresses: [192.0.2.7], helo: out.ours.example}}\n"
                    "dns: {{servers: [\"{0}\"]{3}}}\n"
                    "format: {{mode: off}}\n"
                    "private_relay: {{mode: off}}\n"
                    "alignment: {{mode: enforce, on_error: {1}}}\n"
                    "sender_identity: {{mode: enforce, on_error: {1}}}\n{2}",
                    server.text(), on_error, settings, dns));
  }

  // A letter from ann@DOMAIN, signed with d=`signer` or DOMAIN.
  static MilterMail signed_letter(const std::string& domain, const std::string& queue_id,
                                  std::string signer = {}) {
    if (signer.empty()) signer = domain;
    MilterMail mail;
    mail.mail = {fmt::format("<bounce@{}>", domain)};
    mail.recipients = {{"<bob@icloud.com>"}};
    mail.fields = {{"From", fmt::format(" Ann Lee <ann@{}>", domain)},
                   {"To", " bob@icloud.com"},
                   {"Subject", " Your order"},
                   {"Date", " Sat, 21 Nov 2026 08:15:30 +0000"},
                   {"Message-ID", fmt::format(" <{}@{}>", queue_id, domain)}};
    mail.body = "Dear Bob,\r\n\r\nit is on its way.\r\n";
    mail.queue_id = queue_id;
    mail.queue_id_known = MilterMail::QueueIdKnown::at_mail;
    mail.fields.insert(mail.fields.begin(),
                       {"DKIM-Signature", dkim_signature(mail, key(), signer, "sel")});
    return mail;
  }

  struct Judged {
    MilterOutcome outcome;
    std::chrono::milliseconds took{};
  };

  // One message over a connection of its own, from MAIL on.
  Judged judge(const MilterMail& mail) const {
    MilterClient client = gate();
    const auto began = Time::now();
    auto outcome = send_mail(client, mail);
    EXPECT_TRUE(outcome) << outcome.error().text;
    return {outcome.value_or(MilterOutcome{}),
            std::chrono::duration_cast<std::chrono::milliseconds>(Time::now() - began)};
  }

  // All at once, each over a connection of its own.
  std::vector<Judged> judge_together(const std::vector<MilterMail>& mails) const {
    std::vector<std::future<Judged>> running;
    for (const MilterMail& mail : mails) {
      running.push_back(std::async(std::launch::async, [this, &mail] { return judge(mail); }));
    }
    std::vector<Judged> all;
    for (auto& one : running) all.push_back(one.get());
    return all;
  }

  // "go-on", or the reply.
  static std::string shown(const Judged& judged) {
    return judged.outcome.goes_on() ? "goes on" : judged.outcome.answer.text;
  }

  // The decision about this message, which another thread writes; a null value after ninety
  // seconds.
  nlohmann::json decision(const std::string& queue_id) const {
    const Deadline deadline = Deadline::in(std::chrono::seconds{90});
    do {
      for (nlohmann::json& each : decisions()) {
        if (each.value("queue_id", "") == queue_id) return std::move(each);
      }
      std::this_thread::sleep_for(std::chrono::milliseconds{5});
    } while (!deadline.passed());
    return {};
  }

  // "accept", "defer alignment.spf-temporary alignment.dkim-temporary"
  std::string decided(const std::string& queue_id) const {
    const nlohmann::json found = decision(queue_id);
    if (found.is_null()) return "no decision";
    std::string text = found.value("verdict", "");
    for (const nlohmann::json& finding : found["findings"]) {
      text += " " + finding.value("rule", "");
    }
    return text;
  }

  std::string evidence(const std::string& queue_id, const std::string& rule) const {
    const nlohmann::json found = decision(queue_id);
    if (found.is_null()) return "no decision";
    for (const nlohmann::json& finding : found["findings"]) {
      if (finding.value("rule", "") == rule) return finding.value("evidence", "");
    }
    return "no finding of " + rule;
  }
};

}  // namespace icm
