{{/* What a schema cannot say: keys that contradict each other. All that is wrong is told at once. */}}
{{- define "biotune.checks" -}}
{{- $v := .Values -}}
{{- $profile := default dict $v.profile -}}
{{- $found := list -}}

{{- if ne (empty $v.s3.accessKey) (empty $v.s3.secretKey) -}}
{{- $found = append $found "s3: accessKey and secretKey go together; give both, or name an existingSecret" -}}
{{- end -}}
{{- if and $v.s3.sessionToken (not $v.s3.accessKey) -}}
{{- $found = append $found "s3.sessionToken: needs accessKey and secretKey beside it" -}}
{{- end -}}
{{- if and $v.s3.existingSecret (or $v.s3.accessKey $v.s3.secretKey) -}}
{{- $found = append $found (printf "s3.existingSecret=%s: leave accessKey and secretKey out, they are in that secret" $v.s3.existingSecret) -}}
{{- end -}}
{{- if and $v.existingProfile $profile -}}
{{- $found = append $found (printf "existingProfile=%s: leave profile out, it is in that ConfigMap" $v.existingProfile) -}}
{{- end -}}
{{- if and $v.existingSchedules $v.schedules -}}
{{- $found = append $found (printf "existingSchedules=%s: leave schedules out, they are in that ConfigMap" $v.existingSchedules) -}}
{{- end -}}
{{- if contains "@" $v.kfp.host -}}
{{- $found = append $found "kfp.host: holds credentials; take them out, the token is the service account's" -}}
{{- end -}}
{{- if and (not $v.runner.create) (not $v.runner.name) -}}
{{- $found = append $found "runner.create=false: give runner.name, an existing service account" -}}
{{- end -}}
{{- if and (not $v.scheduler.serviceAccount.create) (not $v.scheduler.serviceAccount.name) -}}
{{- $found = append $found "scheduler.serviceAccount.create=false: give its name, an existing service account" -}}
{{- end -}}
{{- if eq (include "biotune.runner" .) (include "biotune.scheduler" .) -}}
{{- $found = append $found (printf "runner.name=%s: the scheduler has the same; steps must not be able to change schedules" $v.runner.name) -}}
{{- end -}}

{{- range $which := list "data" "cache" -}}
{{- $volume := get $v.volumes $which -}}
{{- if $volume.enabled -}}
{{- if not (or $volume.existingClaim $volume.size) -}}
{{- $found = append $found (printf "volumes.%s: give a size, as in 100Gi, or an existingClaim" $which) -}}
{{- end -}}
{{- range $key := list "claim" "path" -}}
{{- $ours := ternary (include "biotune.claim" (dict "root" $ "which" $which)) $volume.path (eq $key "claim") -}}
{{- $theirs := dig "volumes" $which $key "" $profile -}}
{{- if and $theirs (ne $theirs $ours) -}}
{{- $found = append $found (printf "profile.volumes.%s.%s=%s: volumes.%s says %s; leave it out of the profile" $which $key $theirs $which $ours) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- $pairs := list
  (list "service_account" (dig "service_account" "" $profile) (include "biotune.runner" .) "runner")
  (list "s3.secret" (dig "s3" "secret" "" $profile) (include "biotune.s3Secret" .) "s3")
  (list "kueue.queue" (dig "kueue" "queue" "" $profile) (ternary (include "biotune.queue" .) "" $v.kueue.enabled) "kueue")
  (list "train_job.runtime.name" (dig "train_job" "runtime" "name" "" $profile) (include "biotune.runtime" .) "trainer")
  (list "images.pull_secrets" (dig "images" "pull_secrets" list $profile | join ",") (join "," $v.imagePullSecrets) "imagePullSecrets") -}}
{{- range $pairs -}}
{{- $key := index . 0 -}}{{- $theirs := index . 1 -}}{{- $ours := index . 2 -}}
{{- if and $theirs $ours (ne $theirs $ours) -}}
{{- $found = append $found (printf "profile.%s=%s: %s says %s; leave it out of the profile" $key $theirs (index . 3) $ours) -}}
{{- end -}}
{{- end -}}

{{- $nodes := int (default 1 $profile.nodes) -}}
{{- if and (gt $nodes 1) (not $v.trainer.enabled) -}}
{{- $found = append $found (printf "profile.nodes=%d: set trainer.enabled, without which no step may make a TrainJob" $nodes) -}}
{{- end -}}
{{- if and (gt $nodes 1) (not $profile.runs) -}}
{{- $found = append $found (printf "profile.nodes=%d: needs profile.runs, as nodes share nothing else" $nodes) -}}
{{- end -}}
{{- range $which := list "data" "cache" -}}
{{- $volume := get $v.volumes $which -}}
{{- if and (gt $nodes 1) $volume.enabled (not $volume.existingClaim) (not (has "ReadWriteMany" $volume.accessModes)) -}}
{{- $found = append $found (printf "volumes.%s.accessModes=%s: must hold ReadWriteMany, as %d nodes write there" $which (join "," $volume.accessModes) $nodes) -}}
{{- end -}}
{{- end -}}

{{- if and $v.networkPolicy.enabled (not $v.networkPolicy.kubernetes.cidrs) -}}
{{- $found = append $found "networkPolicy.kubernetes.cidrs: name the API server's addresses (kubectl get endpoints kubernetes); no step works without it" -}}
{{- end -}}
{{- if and $v.resourceQuota.enabled (not $v.resourceQuota.hard) -}}
{{- $found = append $found "resourceQuota.hard: is empty; give a limit, as in requests.nvidia.com/gpu: \"2\"" -}}
{{- end -}}
{{- if $v.kueue.enabled -}}
{{- if and $v.kueue.createClusterQueue (not $v.kueue.quota) -}}
{{- $found = append $found "kueue.quota: a ClusterQueue of the chart's needs one, as in {cpu: \"16\", memory: 64Gi, nvidia.com/gpu: \"2\"}" -}}
{{- end -}}
{{- if not (or $v.kueue.existingQueue $v.kueue.clusterQueue $v.kueue.createClusterQueue) -}}
{{- $found = append $found "kueue: name an existingQueue, or the clusterQueue that a new one draws on" -}}
{{- end -}}
{{- if and $v.kueue.existingQueue $v.kueue.createClusterQueue -}}
{{- $found = append $found (printf "kueue.existingQueue=%s: has its ClusterQueue already; set createClusterQueue to false" $v.kueue.existingQueue) -}}
{{- end -}}
{{- end -}}
{{- range $name, $schedule := $v.schedules -}}
{{- if eq (empty $schedule.cron) (empty $schedule.every) -}}
{{- $found = append $found (printf "schedules.%s: give one of cron (\"0 0 2 * * MON-FRI\") and every (12h)" $name) -}}
{{- end -}}
{{- $fields := regexSplit "\\s+" (trim (default "" $schedule.cron)) -1 -}}
{{- if and $schedule.cron (not (hasPrefix "@" $schedule.cron)) (ne (len $fields) 6) -}}
{{- $found = append $found (printf "schedules.%s.cron=%s: has %d fields; Kubeflow's cron has six, seconds first, as in 0 0 2 * * MON-FRI" $name $schedule.cron (len $fields)) -}}
{{- end -}}
{{- end -}}
{{- range $label, $_ := $v.commonLabels -}}
{{- if or (hasPrefix "app.kubernetes.io/" $label) (eq $label "helm.sh/chart") -}}
{{- $found = append $found (printf "commonLabels.%s: is the chart's own; choose another label" $label) -}}
{{- end -}}
{{- end -}}

{{- if $found -}}
{{- fail (printf "\n  %s" (join "\n  " $found)) -}}
{{- end -}}
{{- end -}}
