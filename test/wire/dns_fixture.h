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
#include "policy/auth/signature.h"
#include "policy/base/clock.h"
#include "policy/base/name_server.h"
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
    zone["sel._domainkey." + domain]["TXT"] = {key_record()};
    zone["_dmarc." + domain]["TXT"] = {"v=DMARC1; p=reject"};
  }

  static std::string key_record() {
    return "v=DKIM1; k=rsa; p=" + to_base64(key().public_octets());
  }

  // Our host and address, which lead to each other.
  static void publish_host(nlohmann::json& zone) {
    zone["out.ours.example"]["A"] = {"192.0.2.7"};
    zone["7.2.0.192.in-addr.arpa"]["PTR"] = {"out.ours.example"};
  }

  // The gate, asking `server`. `on_error` is what the policies do in doubt; `settings` is YAML at
  // the top level.
  void configure_dns(const NameServer& server, std::string_view on_error = "defer",
                     std::string_view settings = {}) {
    configure(
        fmt::format("egress: {{addresses: [192.0.2.7], helo: out.ours.example}}\n"
                    "dns: {{servers: [\"{0}\"]}}\n"
                    "format: {{mode: off}}\n"
                    "private_relay: {{mode: off}}\n"
                    "alignment: {{mode: enforce, on_error: {1}}}\n"
                    "sender_identity: {{mode: enforce, on_error: {1}}}\n{2}",
                    server.text(), on_error, settings));
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
    mail.fields.insert(mail.fields.begin(), {"DKIM-Signature", signature(mail, signer)});
    return mail;
  }

  static std::string signature(const MilterMail& mail, const std::string& domain) {
    HeaderList headers;
    for (const auto& [name, value] : mail.fields) headers.add(name, value);
    BodyHashes hashes;
    const std::size_t ticket = hashes.want(Canonicalization::relaxed, std::nullopt);
    hashes.feed(mail.body);
    hashes.finish();
    const std::string unsigned_value = fmt::format(
        " v=1; a=rsa-sha256; c=relaxed/relaxed; d={}; s=sel; h=from:from:to:subject:date; bh={}; "
        "b=",
        domain, to_base64(octets_of(hashes.digest(ticket))));
    // Something has to stand there for the tags to be read; it is no part of what is signed.
    const auto tags = parse_signature(unsigned_value + "AAAA", SignatureKind::dkim);
    if (!tags) throw std::runtime_error(tags.error().text);
    const HeaderField own{"DKIM-Signature", unsigned_value};
    return unsigned_value + to_base64(key().sign(hash_header(headers, *tags, own)).value());
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

  // "verdict RULE; RULE (held back)" of the decision about this message; the evidence of each rule
  // is in `evidence`.
  std::string decided(const std::string& queue_id) const {
    const Deadline deadline =
        Deadline::in(std::chrono::seconds{10});  // it is written by another thread
    do {
      for (const nlohmann::json& decision : decisions()) {
        if (decision.value("queue_id", "") != queue_id) continue;
        std::string text = decision.value("verdict", "");
        for (const nlohmann::json& finding : decision["findings"]) {
          text += fmt::format("\n{}: {}", finding.value("rule", ""), finding.value("evidence", ""));
        }
        return text;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds{5});
    } while (!deadline.passed());
    return "no decision";
  }
};

}  // namespace icm
