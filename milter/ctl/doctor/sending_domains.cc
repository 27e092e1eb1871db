// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/doctor/sending_domains.h"

#include <algorithm>
#include <map>

#include "milter/ctl/followed_file.h"
#include "milter/decision_reader.h"
#include "policy/organization.h"

namespace icm::ctl::doctor {
namespace {

void add_name(std::vector<std::string>& names, std::string_view text) {
  std::string name = domain_name(text);
  if (name.find('.') == std::string::npos) return;  // no domain that mail comes from
  if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
}

std::string_view domain_part(std::string_view address) {
  const std::size_t at = address.rfind('@');
  return at == std::string_view::npos ? std::string_view() : address.substr(at + 1);
}

// Forwarded mail is in the name of others.
void count(const DecisionRecord& decision, std::map<std::string, std::size_t>& domains) {
  if (decision.role == "arrival" || decision.origin == "forwarded" ||
      decision.origin == "unknown") {
    return;
  }
  for (const std::string_view author : decision.from) {
    if (const std::string name = domain_name(domain_part(author)); !name.empty()) ++domains[name];
  }
}

std::vector<std::string> logged_domains(const std::string& file, Deadline deadline) {
  std::map<std::string, std::size_t> domains;
  auto log = FollowedFile::open(
      file, std::nullopt,
      {.longest_line = longest_decision_line, .farewell = {}, .at_most = log_octets_read});
  if (!log) return {};
  DecisionReader reader;
  DecisionRecord decision;
  while (!deadline.passed()) {
    const auto line = log->next();
    if (!line || !*line) break;
    if (reader.read((*line)->text, decision)) count(decision, domains);
  }
  std::vector<std::pair<std::size_t, std::string>> most;
  for (const auto& [name, number] : domains) most.emplace_back(number, name);
  std::ranges::sort(most, std::greater());
  std::vector<std::string> names;
  for (auto& [number, name] : most) {
    if (names.size() < most_logged_domains) names.push_back(std::move(name));
  }
  return names;
}

}  // namespace

std::vector<std::string> sending_domains(const Context& context, Deadline deadline) {
  std::vector<std::string> names;
  for (const std::string& domain : context.questions.domains) add_name(names, domain);
  for (const StreamConfig& stream : context.config.streams) {
    for (const Domain& domain : stream.from_domains) add_name(names, domain.text());
    for (const Domain& domain : stream.sender_domains) add_name(names, domain.text());
  }
  if (!context.config.log.decisions.empty()) {
    for (const std::string& domain : logged_domains(context.config.log.decisions, deadline)) {
      add_name(names, domain);
    }
  }
  return names;
}

}  // namespace icm::ctl::doctor
