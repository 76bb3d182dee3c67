import type { Complaint } from './context'

export function ComplaintNotice({ complaint }: { complaint: Complaint | null }) {
  if (!complaint) return null
  return (
    <div className="complaint" role="alert">
      <p>{complaint.message}</p>
      {complaint.advice && <p className="complaint-advice">{complaint.advice}</p>}
    </div>
  )
}
