// SPDX-License-Identifier: Apache-2.0
//
// The doctor on the keys that seal: their files, and whether the DNS has them as they are on disk.
#include <fmt/format.h>

#include "milter/ctl/doctor/context.h"
#include "policy/auth/key_file.h"
#include "policy/auth/key_publication.h"
#include "policy/auth/key_record.h"
#include "policy/auth/sealing_keys.h"

namespace icm::ctl::doctor {
namespace {

using State = KeyPublication::State;

Id id_of(State state) {
  switch (state) {
    case State::match:
      return "key.published";
    case State::missing:
      return "key.unpublished";
    case State::unknown:
      return "key.not-compared";
    case State::other_key:
    case State::revoked:
    case State::no_sha256:
    case State::not_email:
    case State::testing:
    case State::unreadable:
    case State::several:
      return "key.differs";
  }
  return "key.differs";
}

void examine_key(const Context& context, const SealingKeyConfig& config, Deadline deadline,
                 Diagnoses& diagnoses) {
  const auto path = key_path(config.file, context.credentials);
  // A credential is there for the unit alone; status and the daemon's log tell of it.
  if (!path) return;
  const bool is_credential = *path != config.file;
  if (context.is_hidden(*path)) {
    return add(diagnoses, found("key.not-seen", config.file, "this process may not read it"));
  }
  const auto file = read_key_file(*path, is_credential ? KeyGuard::credential : KeyGuard::mode);
  if (!file) return add(diagnoses, found("key.file", config.file, file.error().text));
  for (const std::string& warning : file->warnings) {
    add(diagnoses, found("key.weak", config.file, warning));
  }
  const KeyPublication published = check_publication(
      config.domain, config.selector, file->key.public_key(), context.sources.resolver, deadline);
  if (published.state == State::match) {
    return add(diagnoses, found("key.published", published.name,
                                fmt::format("the key of {}, {}", config.file, published.key_size)));
  }
  const std::string record = zone_line(published.name, key_record(file->key));
  add(diagnoses,
      found(id_of(published.state), published.name, published.problem,
            published.state == State::unknown ? std::string()
                                              : fmt::format("publish this alone: {}", record)));
}

}  // namespace

Diagnoses examine_keys(const Context& context, Deadline deadline) {
  Diagnoses diagnoses;
  if (context.config.arc_sealing.mode == Mode::off) return diagnoses;
  for (const SealingKeyConfig& key : context.config.arc_sealing.keys) {
    examine_key(context, key, deadline, diagnoses);
  }
  return diagnoses;
}

}  // namespace icm::ctl::doctor
