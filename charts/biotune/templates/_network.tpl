{{- define "biotune.ports" }}
{{- range . }}
- protocol: TCP
  port: {{ . }}
{{- end }}
{{- end }}
{{- define "biotune.dns" }}
- to:
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: {{ .Values.networkPolicy.dns.namespace }}
  ports:
    - protocol: UDP
      port: 53
    - protocol: TCP
      port: 53
{{- end }}
{{- define "biotune.kfp" }}
- to:
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: {{ .Values.kfp.namespace }}
  ports: {{ include "biotune.ports" .Values.networkPolicy.kfp.ports | indent 4 }}
{{- end }}
{{- define "biotune.s3Egress" }}
{{- with .Values.networkPolicy.s3 }}
{{- if .cidrs }}
- to:
    {{- range .cidrs }}
    - ipBlock:
        cidr: {{ . }}
    {{- end }}
  ports: {{ include "biotune.ports" .ports | indent 4 }}
{{- end }}
{{- end }}
{{- end }}
{{- define "biotune.nodes" }}
- podSelector:
    matchLabels: {{ include "biotune.nodeLabel" . | nindent 6 }}
{{- end }}
