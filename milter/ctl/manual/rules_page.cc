// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/manual/rules_page.h"

#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "milter/ctl/manual/scdoc.h"
#include "policy/refusals.h"
#include "policy/rules.h"

namespace icm::ctl {
namespace {

constexpr std::string_view pages = "/usr/share/doc/icloud-milter/policy/";

// What the milter says for no rule's sake, as it stands in milter/.
struct Besides {
  std::string_view reply;
  std::string_view words;
  std::string_view fix;
};
constexpr Besides besides[] = {
    {"451 4.7.1", "Service unavailable - try again later",
     "Postfix's own words: the daemon is not running, or Postfix may not open its socket. The mail "
     "waits. systemctl status icloud-milter; the mail log names the socket."},
    {"451 4.3.0", "RULE: this mail could not be judged now; try again later",
     "icloud-milterctl log --rule RULE has the reason, icloud-milterctl status what is away. The "
     "mail waits because on_error of that policy is defer."},
    {"451 4.3.2", "Too many messages are being judged right now",
     "Nothing, if it passes; else the DNS is slow, or limits.concurrent_judgements is too low."},
    {"451 4.3.0", "A change to this message could not be made",
     "The mail server took a header change amiss: its log says why."},
    {"451 4.3.0", "The beginning of this message was not seen",
     "Nothing, if it passes: the daemon was started anew in the middle of a message."},
    {"451 4.3.5", "The mail filter has no role for this listener",
     "Name the listener under roles.gate, roles.direct or roles.arrival, or mend "
     "milter_macro_daemon_name in master.cf."},
    {"553 5.1.3",
     "recipient address … may lead to Apple once it is cleaned or its route is followed",
     "Write the recipient as local-part@domain, without comments, routes, blanks or quotes."},
    {"451 4.4.3", "the DNS does not say whether … has Apple's mail servers",
     "Nothing, if it passes: the mail waits until the name servers of that domain, or the "
     "resolver of this host, answer."},
    {"550 5.7.0", "Authentication-Results fields claim to be by",
     "Send the message without these fields: they are the milter's own to write."},
};

constexpr std::string_view introduction =
    "A bounce of the mail server in front of Apple has a line such as \"550 5.6.0 "
    "format.from-missing: there is no From field; …\": code and enhanced code, the rule, what was "
    "found, what to write instead. Search here for the rule, or for words that stand behind it. "
    "\"…\" is what varies. With action: defer the same comes as 451 and 4 in front.";

constexpr std::string_view whatever_the_mode =
    "These are given whatever the mode of a policy is, also while all of them observe.";

// Text for a table of Markdown.
std::string in_cell(std::string_view text) {
  std::string cell;
  for (const char c : text) {
    if (c == '|' || c == '<' || c == '*' || c == '_' || c == '\\') cell += '\\';
    cell += c;
  }
  return cell;
}

std::vector<std::string_view> policies() {
  std::vector<std::string_view> names;
  for (const KnownRefusal& one : known_refusals()) {
    if (names.empty() || names.back() != one.policy) names.push_back(one.policy);
  }
  return names;
}

std::string_view asked_by(const KnownRefusal& refusal) {
  for (const Rule& rule : all_rules()) {
    if (rule.policy == refusal.policy && rule.name == refusal.rule) return rule.sentence;
  }
  return {};
}

std::string entry(const KnownRefusal& one) {
  return definition(
      fmt::format("{}, {}", bold(fmt::format("{}.{}", one.policy, one.rule)), plain(one.reply)),
      fmt::format("Asks: {} Says: {}. Fix: {}", asked_by(one), one.words, one.fix));
}

}  // namespace

ManualPage rules_page() {
  std::string text =
      page_head("icloud-milter-rules", 7) + heading("NAME") +
      paragraph("icloud-milter-rules - from the words of a refusal to the fix") +
      heading("DESCRIPTION") + paragraph(plain(introduction)) +
      paragraph(plain("Advice never refuses: it stands in the log alone. The policies' pages in "
                      "/usr/share/doc/icloud-milter/policy have the reasons, the sources, and how "
                      "a rule is switched off.")) +
      heading("WITHOUT A RULE") + paragraph(plain(whatever_the_mode));
  for (const Besides& one : besides) {
    text += definition(plain(one.reply), fmt::format("Says: {}. Fix: {}", one.words, one.fix));
  }
  for (const std::string_view policy : policies()) {
    text +=
        heading(plain(policy)) + paragraph(plain(fmt::format("Its page: {}{}.md", pages, policy)));
    for (const KnownRefusal& one : known_refusals()) {
      if (one.policy == policy) text += entry(one);
    }
  }
  text += heading("SEE ALSO") + paragraph(
                                    "*icloud-milter*(8), *icloud-milterctl-log*(1), "
                                    "*icloud-milterctl-replies*(1), *milter.conf*(5)");
  return {"icloud-milter-rules.7", text};
}

std::string rules_markdown() {
  std::string text = fmt::format(
      "# From the refusal to the fix\n\n{}\n\n"
      "What *Apple* answers has an index of its own: `icloud-milterctl replies explain`. This page "
      "is made from `policy/rules.inc` and `policy/refusals.inc`; `man icloud-milter-rules` is the "
      "same.\n\n"
      "## Without a rule\n\n{}\n\n| Reply | Words | Fix |\n|---|---|---|\n",
      in_cell(introduction), in_cell(whatever_the_mode));
  for (const Besides& one : besides) {
    text += fmt::format("| `{}` | {} | {} |\n", one.reply, in_cell(one.words), in_cell(one.fix));
  }
  for (const std::string_view policy : policies()) {
    text += fmt::format(
        "\n## {0}\n\n[{0}.md]({0}.md)\n\n| Rule | Reply | Words | Fix |\n|---|---|---|---|\n",
        policy);
    for (const KnownRefusal& one : known_refusals()) {
      if (one.policy != policy) continue;
      text += fmt::format("| `{}.{}` | {} | {} | {} |\n", policy, one.rule, one.reply,
                          in_cell(one.words), in_cell(one.fix));
    }
  }
  return text;
}

}  // namespace icm::ctl
