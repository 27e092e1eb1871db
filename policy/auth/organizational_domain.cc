// SPDX-License-Identifier: Apache-2.0
#include "policy/auth/organizational_domain.h"

#include <libpsl.h>

#include <algorithm>

#include "policy/base/handle.h"
#include "policy/base/text.h"

namespace icm {
namespace {

std::size_t label_count(const std::string& domain) {
  return static_cast<std::size_t>(std::ranges::count(domain, '.')) + 1;
}

// The name one label shorter; a name of eight labels or more is cut to seven at once
// (RFC 9989 §4.10, step 3).
std::string next_name(const std::string& domain) {
  constexpr std::size_t longest_after_first = 7;
  std::size_t labels = label_count(domain);
  std::string_view rest = domain;
  do {
    rest.remove_prefix(rest.find('.') + 1);
    --labels;
  } while (labels > longest_after_first);
  return std::string(rest);
}

// RFC 9989 §4.10.2.
std::string select_organizational_domain(const TreeWalk& walk, const std::string& start) {
  for (const auto& [domain, answer] : walk.records) {
    if (answer->record.psd == PublicSuffixFlag::no) return domain;
    if (answer->record.psd == PublicSuffixFlag::yes && domain != start) {
      // One label below the public suffix domain, towards where the walk began.
      std::string below = start;
      while (label_count(below) > label_count(domain) + 1) below.erase(0, below.find('.') + 1);
      return below;
    }
  }
  return walk.records.empty() ? start : walk.records.back().domain;
}

}  // namespace

TreeWalk walk_tree(const std::string& start, DmarcDirectory& directory, Deadline deadline) {
  TreeWalk walk;
  std::string domain = start;
  while (true) {
    auto answer = directory.find(domain, deadline);
    if (answer->status == DmarcAnswer::Status::temporary) {
      walk.temporary = true;
      walk.problem = answer->problem;
      break;
    }
    const bool found = answer->status == DmarcAnswer::Status::found;
    if (found) walk.records.push_back({domain, answer});
    // §4.10 step 2 and 7: psd=n and psd=y end the walk.
    if (found && answer->record.psd != PublicSuffixFlag::unknown) break;
    if (label_count(domain) == 1) break;
    domain = next_name(domain);
  }
  walk.organizational_domain = select_organizational_domain(walk, start);
  return walk;
}

void prefetch_walk(const std::string& start, DmarcDirectory& directory) {
  std::string domain = start;
  directory.prefetch(domain);
  while (label_count(domain) > 1) {
    domain = next_name(domain);
    directory.prefetch(domain);
  }
}

struct PublicSuffixList::List {
  Handle<psl_ctx_t, psl_free> loaded;
  const psl_ctx_t* use = nullptr;
};

PublicSuffixList PublicSuffixList::system() {
  constexpr const char* path = "/usr/share/publicsuffix/public_suffix_list.dafsa";
  auto list = std::make_shared<List>();
  list->loaded.reset(psl_load_file(path));
  list->use = list->loaded != nullptr ? list->loaded.get() : psl_builtin();
  return PublicSuffixList(std::move(list));
}

std::string PublicSuffixList::organizational_domain(const std::string& domain) const {
  const char* const registrable =
      list_->use == nullptr ? nullptr : psl_registrable_domain(list_->use, domain.c_str());
  return registrable == nullptr ? domain : registrable;
}

}  // namespace icm
