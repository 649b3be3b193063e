{{/* The user's profile with the names of what this chart makes or was told of. */}}
{{- define "biotune.profile" -}}
{{- $profile := deepCopy (default dict .Values.profile) -}}
{{- $_ := set $profile "service_account" (include "biotune.runner" .) -}}
{{- with include "biotune.s3Secret" . -}}
{{- $s3 := merge (dict "secret" .) (default dict $profile.s3) -}}
{{- if $.Values.s3.sessionToken -}}
{{- $_ := set $s3 "keys" (include "biotune.s3Keys" $ | fromJson) -}}
{{- end -}}
{{- $_ := set $profile "s3" $s3 -}}
{{- end -}}
{{- $volumes := deepCopy (default dict $profile.volumes) -}}
{{- range $which := list "data" "cache" -}}
{{- $volume := get $.Values.volumes $which -}}
{{- if $volume.enabled -}}
{{- $named := dict "claim" (include "biotune.claim" (dict "root" $ "which" $which)) "path" $volume.path -}}
{{- $_ := set $volumes $which (merge $named (default dict (get $volumes $which))) -}}
{{- end -}}
{{- end -}}
{{- if $volumes -}}
{{- $_ := set $profile "volumes" $volumes -}}
{{- end -}}
{{- if .Values.kueue.enabled -}}
{{- $_ := set $profile "kueue" (merge (dict "queue" (include "biotune.queue" .)) (default dict $profile.kueue)) -}}
{{- end -}}
{{- with include "biotune.runtime" . -}}
{{- $job := default dict $profile.train_job -}}
{{- $runtime := merge (dict "kind" "TrainingRuntime" "name" .) (default dict $job.runtime) -}}
{{- $_ := set $profile "train_job" (merge (dict "runtime" $runtime) $job) -}}
{{- end -}}
{{- with .Values.imagePullSecrets -}}
{{- $_ := set $profile "images" (merge (dict "pull_secrets" .) (default dict $profile.images)) -}}
{{- end -}}
{{- toYaml $profile -}}
{{- end -}}

{{- define "biotune.schedules" -}}
{{- $file := dict "owner" (default (.Release.Name | replace "." "-") .Values.scheduler.owner) "experiment" .Values.scheduler.experiment "profile" "profile.yaml" "schedules" (default dict .Values.schedules) -}}
{{- toYaml $file -}}
{{- end -}}

{{/* The keys under which the steps look into the secret. */}}
{{- define "biotune.s3Keys" -}}
{{- $usual := dict "access_key" "AWS_ACCESS_KEY_ID" "secret_key" "AWS_SECRET_ACCESS_KEY" -}}
{{- if .Values.s3.sessionToken -}}
{{- $_ := set $usual "session_token" "AWS_SESSION_TOKEN" -}}
{{- end -}}
{{- merge (dig "s3" "keys" dict (default dict .Values.profile) | deepCopy) $usual | toJson -}}
{{- end -}}
