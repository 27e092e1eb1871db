// SPDX-License-Identifier: Apache-2.0
#include "policy/organization.h"

#include "policy/base/text.h"

namespace icm {

std::string domain_name(std::string_view text) {
  const auto domain = Domain::parse(text);
  return domain ? domain->text() : std::string();
}

std::string organization_of(const std::string& domain, const AuthSources& sources) {
  return sources.suffixes.organizational_domain(domain);
}

bool is_same_organization(std::string_view a, std::string_view b, const AuthSources& sources) {
  const std::string one = domain_name(a);
  const std::string other = domain_name(b);
  if (one.empty() || other.empty()) return false;
  return one == other || organization_of(one, sources) == organization_of(other, sources);
}

std::string txt_record(std::string_view name, std::string_view text) {
  constexpr std::size_t longest_string = 255;  // RFC 1035 §3.3 character-string
  std::string record = fmt::format("{}. TXT", name);
  do {
    record += fmt::format(" \"{}\"", text.substr(0, longest_string));
    text.remove_prefix(std::min(longest_string, text.size()));
  } while (!text.empty());
  return record;
}

}  // namespace icm
